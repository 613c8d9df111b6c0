import { MillraceError } from "@millrace/core";
import type { Clock } from "@millrace/core/internal";
import { Compactor } from "./compactor.ts";
import { GroupWriter } from "./group-writer.ts";
import { Log } from "./log.ts";
import type { Segments } from "./segments.ts";
import { broken, closed, full, isFull, isSystemError, unknownOutcome } from "./store-errors.ts";

/** A group is written when it has this many bytes, though more may wait. */
const LARGEST_GROUP = 16 * 1024 * 1024;

export interface SequencerOptions {
  readonly durability: "process" | "disk";
  readonly segmentBytes: number;
  readonly slackBytes: number;
  readonly clock: Clock;
}

interface Waiting {
  /** Adds frames to the log's group, or throws a MillraceError and adds none. */
  readonly body: (log: Log) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

interface Done {
  readonly waiting: Waiting;
  readonly value: unknown;
}

/**
 * The one writer: puts what comes in into one order, writes all that waits as a group, and answers
 * when it is as durable as was asked for. After a failed write the log is cut back and read again, so
 * that the index never says more than the file.
 */
export class Sequencer {
  readonly options: SequencerOptions;
  /** What must not be trimmed, by topic and partition; outlives the log's being read again. */
  readonly holds = new Map<string, number>();
  readonly #segments: Segments;
  readonly #group = new GroupWriter();
  readonly #compactor: Compactor;
  #log: Log | undefined;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #syncing: Promise<void> | undefined;
  #closed = false;
  /** Set where the file's content is no longer known: nothing works until it is opened again. */
  #broken: MillraceError | undefined;

  constructor(segments: Segments, options: SequencerOptions) {
    this.options = options;
    this.#segments = segments;
    this.#compactor = new Compactor(options.slackBytes);
    this.#log = this.#open();
  }

  get directory(): string {
    return this.#segments.directory;
  }

  /** The log as it is written, for reading. Throws MILLRACE_STOPPED when closed, MILLRACE_IO when broken. */
  log(): Log {
    if (this.#closed) throw closed(this.#segments.directory);
    if (this.#broken !== undefined) throw this.#broken;
    try {
      this.#log ??= this.#open();
    } catch (error) {
      throw error instanceof MillraceError ? error : broken(this.#segments.directory, error);
    }
    return this.#log;
  }

  /** Lets `body` add frames to the next group; answers with its result when the group is durable. */
  write<T>(body: (log: Log) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) {
        reject(closed(this.#segments.directory));
        return;
      }
      this.#waiting.push({ body, resolve: (value) => resolve(value as T), reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => this.#flush());
    });
  }

  /** Writes what waits, ends the log in order and closes its files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#scheduled) {
      if (this.#syncing !== undefined) await this.#syncing;
      else await Promise.resolve();
    }
    try {
      this.log().close();
    } catch {
      // What was acknowledged is in the log; without this last mark the next opening looks harder.
    }
    this.#closed = true;
    this.#segments.closeAll();
  }

  #open(): Log {
    const { segmentBytes, durability, clock } = this.options;
    this.#segments.closeAll();
    this.#compactor.reset();
    return new Log(this.#segments, this.#group, { segmentBytes: Math.min(segmentBytes, 2 ** 29), sync: durability === "disk", clock, holds: this.holds });
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const done: Done[] = [];
      const dead = this.#writeGroup(done);
      if (dead === undefined) continue;
      if (this.options.durability === "disk") {
        this.#syncing = this.#sync(done, dead);
        return;
      }
      this.#answer(done, dead);
    }
    this.#scheduled = false;
  }

  /** Writes one group; undefined where that failed and all of it were told. */
  #writeGroup(done: Done[]): number[] | undefined {
    let taken = 0;
    let log: Log | undefined;
    const refused = new Set<Waiting>();
    try {
      log = this.log();
      log.beginGroup();
      for (; taken < this.#waiting.length && log.group.size < LARGEST_GROUP; taken++) {
        const waiting = this.#waiting[taken];
        const { size } = log.group;
        try {
          done.push({ waiting, value: waiting.body(log) });
        } catch (error) {
          if (!(error instanceof MillraceError) || log.group.size !== size) throw error;
          refused.add(waiting);
          waiting.reject(error);
        }
      }
      if (log.group.size > 0) {
        this.#compactor.step(log);
        log.writeGroup();
      }
      this.#waiting.splice(0, taken);
      return log.takeDead();
    } catch (error) {
      const failed = this.#waiting.splice(0, Math.max(1, taken));
      const told = this.#takeBack(log, error);
      for (const waiting of failed) if (!refused.has(waiting)) waiting.reject(told);
      return undefined;
    }
  }

  /** Makes index and file agree after a failure; gives what the writers are told. */
  #takeBack(log: Log | undefined, error: unknown): unknown {
    const { directory } = this.#segments;
    if (log === undefined && error instanceof MillraceError) return error;
    this.#log = undefined;
    try {
      log?.takeBack();
    } catch {
      return unknownOutcome(directory, error);
    }
    if (isFull(error)) return full(directory, error);
    return isSystemError(error) ? unknownOutcome(directory, error) : error;
  }

  async #sync(done: readonly Done[], dead: readonly number[]): Promise<void> {
    try {
      await this.log().sync();
      this.#answer(done, dead);
    } catch (error) {
      // What reached the disk is unknown, and reading would show the page cache.
      this.#broken = broken(this.#segments.directory, error);
      for (const { waiting } of done) waiting.reject(unknownOutcome(this.#segments.directory, error));
    }
    this.#syncing = undefined;
    this.#flush();
  }

  #answer(done: readonly Done[], dead: readonly number[]): void {
    for (const { waiting, value } of done) waiting.resolve(value);
    if (dead.length > 0) this.#log?.drop(dead);
  }
}
