import { ObjectRows } from "../../src/codec/formats/struct-rows.ts";
import type { Source } from "../../src/contracts/source.ts";
import { Runtime, type RuntimeOptions } from "../../src/engine/runtime.ts";

/** A source over values that lie in memory, cut into chunks, readable by several lanes. `pause` is awaited before each chunk. */
export function arraySource(name: string, values: readonly unknown[], chunkSize: number, pause?: () => Promise<void>): Source {
  return {
    name,
    splits: () => Promise.resolve([{ id: "all", parallel: true }]),
    open({ lane, lanes, position }) {
      let index = position + ((((lane - position) % lanes) + lanes) % lanes);
      return Promise.resolve({
        async next() {
          await pause?.();
          const rows = values.slice(index * chunkSize, (index + 1) * chunkSize);
          if (rows.length === 0) return "end";
          const chunk = { index, next: index + lanes, count: rows.length, rows: new ObjectRows(rows), malformed: [], bytes: rows.length * 50 };
          index += lanes;
          return chunk;
        },
        close: () => Promise.resolve(),
      });
    },
  };
}

/** Runs bounded workflows to their end and gives the values of a topic. */
export async function runToEnd(options: RuntimeOptions, topic: string): Promise<unknown[]> {
  const runtime = await Runtime.start(options);
  await runtime.finished;
  const values = await valuesOf(runtime, topic);
  await runtime.stop();
  return values;
}

export async function valuesOf(runtime: Runtime, topic: string): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const { value } of runtime.read(topic)) values.push(value);
  return values;
}

/** Text of values in an order that does not depend on the run. */
export function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
