import { ObjectRows } from "../codec/formats/struct-rows.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Source } from "../contracts/source.ts";
import { MillraceError } from "../errors.ts";

export interface GeneratorOptions<T> {
  /** The values of a chunk, the same each time; undefined after the last chunk. */
  readonly chunk: (index: number) => readonly T[] | undefined;
  /**
   * At most this many values a second of processing time. After a pause (the process slept, or was
   * started again) it goes on at this rate; what the pause took is not made up for. Default: as fast
   * as they are taken.
   */
  readonly rate?: number;
  /** Says what is made, such as "a city with seed 7": a data folder refuses to go on with another. Default: none. */
  readonly identity?: string;
}

/** A source that makes its atoms: chunk by chunk, each a function of its index, so that it can be resumed anywhere. */
export interface Generator<T> {
  readonly kind: "generator";
  readonly chunk: (index: number) => readonly T[] | undefined;
  readonly rate: number;
  readonly identity: string | undefined;
}

/** Makes a generator. Throws MILLRACE_USAGE where the rate is not above zero. */
export function generator<T>(options: GeneratorOptions<T>): Generator<T> {
  const rate = options.rate ?? Infinity;
  if (!(rate > 0)) throw new MillraceError("MILLRACE_USAGE", "generator", `a rate of ${rate} atoms a second is not above zero`);
  return { kind: "generator", chunk: options.chunk, rate, identity: options.identity };
}

/** The source behind a generator. Lanes make interleaved chunks; a rate makes it one lane. */
export function generatorSource(name: string, made: Generator<unknown>, clock: Clock): Source {
  const paced = made.rate < Infinity;
  return {
    name,
    splits: () => Promise.resolve([{ id: "0", parallel: !paced }]),
    open({ lane, lanes, position }) {
      let index = position + ((((lane - position) % lanes) + lanes) % lanes);
      let due = clock.now();
      let ready: (() => void) | undefined;
      let cancel: (() => void) | undefined;
      const wait = (): void => {
        cancel ??= clock.at(due, () => {
          cancel = undefined;
          ready?.();
        });
      };
      return Promise.resolve({
        next() {
          if (paced && clock.now() < due) {
            wait();
            return Promise.resolve("idle");
          }
          const values = made.chunk(index);
          if (values === undefined) return Promise.resolve("end");
          // A chunk that came a little late shortens the wait for the next; one that came much later does not.
          due = Math.max(due, clock.now() - MOST_BEHIND) + (values.length / made.rate) * 1000;
          const chunk = { index, next: index + lanes, count: values.length, rows: new ObjectRows(values), malformed: [], bytes: values.length * 64 };
          index += lanes;
          return Promise.resolve(chunk);
        },
        onReady(callback: () => void) {
          ready = callback;
        },
        close() {
          cancel?.();
          return Promise.resolve();
        },
      });
    },
  };
}

/** How far behind its pace a generator may be and still make up for it, ms. */
const MOST_BEHIND = 1000;
