import type { Key } from "../contracts/batch.ts";
import type { SplitReader, Source } from "../contracts/source.ts";
import { MillraceError } from "../errors.ts";
import { ObjectRows } from "../codec/formats/struct-rows.ts";
import { issuesText } from "../codec/formats/json-lines.ts";
import type { Cut } from "../engine/plan.ts";
import type { Edit, EditOptions } from "../engine/collections/edits.ts";
import { Runtime } from "../engine/runtime.ts";
import { checkOptions, meant, type OptionNames } from "../graph/check-options.ts";
import type { Workflow } from "../graph/graph.ts";
import type { AnyCollection, Collection, Topic } from "../graph/refs.ts";
import { virtualClock } from "../memory/clock.ts";
import { createMemoryLedger, type MemoryLedger } from "../memory/ledger.ts";
import { milliseconds, type Duration } from "../time/duration.ts";

export interface HarnessOptions {
  /** Processing time at the start, epoch milliseconds. Default 0. */
  readonly start?: number;
  /** Where the workflows are cut into stages. Default "none". */
  readonly cut?: Cut;
  /** Partitions of keyed stages. Default 1. */
  readonly partitions?: number;
  /** Collections that are edited and no workflow writes or reads. */
  readonly collections?: readonly AnyCollection[];
}

/** Workflows under test: in memory, in this thread, in virtual time. */
export interface Harness {
  /** Gives atoms to a topic that a workflow reads; resolves when they and all that follows from them are committed. */
  push<T>(topic: Topic<T>, ...values: readonly T[]): Promise<void>;
  /** Moves processing time on: timers, early results, timeouts. Event time follows from the atoms alone. */
  advance(duration: Duration): Promise<void>;
  /** Ends all input: every window closes. */
  end(): Promise<void>;
  /** Everything that was written to a topic so far. Dead letters are at `${topic.name}.dead`. Throws MILLRACE_NOT_FOUND for a topic of no workflow. */
  values<T>(topic: Topic<T> | string): Promise<T[]>;
  /** The rows of a collection, by ascending key. Throws MILLRACE_NOT_FOUND for a collection that no workflow writes or reads. */
  rows<T>(collection: Collection<T>): T[];
  get<T>(collection: Collection<T>, key: Key): T | undefined;
  /** Edits a collection as a person would; resolves when the edit and all that follows from it are committed. */
  edit<T>(collection: Collection<T>, edits: readonly Edit<NoInfer<T>>[], options?: EditOptions): Promise<void>;
  /**
   * Kills and starts again from the last commit: what an operator did not keep as state is gone. With
   * workflows, those run from then on, as after a deployment of other code.
   */
  restart(workflows?: Workflow | readonly Workflow[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts workflows for a test: `const h = await harness(ranking); await h.push(readings, ...); h.rows(best)`. */
export async function harness(workflows: Workflow | readonly Workflow[], options: HarnessOptions = {}): Promise<Harness> {
  checkOptions(options, HARNESS_OPTIONS, "harness");
  let all = listOf(workflows);
  const clock = virtualClock(options.start ?? 0);
  const inputs = new Map<string, PushedInput>();
  let ledger = createMemoryLedger({ clock });
  let commits = 0;
  const begin = (): Promise<Runtime> => {
    for (const name of readFromOutside(all)) if (!inputs.has(name)) inputs.set(name, new PushedInput(name));
    const current = ledger;
    const commit: MemoryLedger["commit"] = (made) => {
      commits++;
      return current.commit(made);
    };
    const counted = { ...current, commit };
    const { cut = "none", partitions = 1, collections = [] } = options;
    return Runtime.start({ workflows: all, ledger: counted, clock, cut, collections, instances: partitions, sources: Object.fromEntries(inputs) });
  };
  let runtime = await begin();
  let failure: { readonly error: unknown } | undefined;
  const watch = (): void => void runtime.finished.catch((error: unknown) => (failure = { error }));
  watch();

  /** In memory everything happens in microtasks: two turns without a commit, and nothing is left to do. */
  const settle = async (): Promise<void> => {
    for (let quiet = 0, seen = commits; quiet < 3; ) {
      await clock.turn();
      if (failure !== undefined) throw failure.error;
      quiet = commits === seen ? quiet + 1 : 0;
      seen = commits;
    }
  };
  await settle();

  return {
    async push<T>(topic: Topic<T>, ...values: readonly T[]): Promise<void> {
      const input = inputs.get(topic.name);
      if (input === undefined) {
        const names = [...inputs.keys()].join(", ");
        throw new MillraceError("MILLRACE_USAGE", `harness, topic ${topic.name}`, `no workflow under test reads it from outside; they read ${names}`);
      }
      input.push(values.map((value) => validated(topic, value)));
      await settle();
    },
    async advance(duration) {
      const target = clock.now() + milliseconds(duration, "harness: advance");
      // Time goes from timer to timer, so that what one of them starts sees its own time.
      for (let next = clock.next(); next <= target; next = clock.next()) {
        clock.advanceTo(next);
        await settle();
      }
      clock.advanceTo(target);
      await settle();
    },
    async end() {
      for (const input of inputs.values()) input.end();
      await settle();
    },
    async values<T>(topic: Topic<T> | string): Promise<T[]> {
      const found: T[] = [];
      const name = typeof topic === "string" ? topic : topic.name;
      checkKnown("topic", name, topicsOf(all));
      for await (const { value } of runtime.read(name)) found.push(value as T);
      return found;
    },
    rows: <T>(collection: Collection<T>) => {
      checkKnown("collection", collection.name, runtime.collections);
      return runtime.rows(collection.name).map(({ row }) => row as T);
    },
    get: <T>(collection: Collection<T>, key: Key) => {
      checkKnown("collection", collection.name, runtime.collections);
      return runtime.get(collection, key) as T | undefined;
    },
    async edit(collection, edits, when) {
      await runtime.edit(collection, edits, when);
      await settle();
    },
    async restart(changed) {
      if (changed !== undefined) all = listOf(changed);
      ledger = ledger.reopen();
      await runtime.stop().catch(() => undefined);
      runtime = await begin();
      watch();
      failure = undefined;
      await settle();
    },
    stop: () => runtime.stop(),
  };
}

const HARNESS_OPTIONS: OptionNames<HarnessOptions> = { start: true, cut: true, partitions: true, collections: true };

/** A misspelt name has no values, and a test of nothing passes. */
function checkKnown(kind: "topic" | "collection", name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw new MillraceError("MILLRACE_NOT_FOUND", `harness, ${kind} ${name}`, `no workflow under test has it${meant(name, known)}`);
}

/** Topics that workflows read or write, with those of their dead letters. */
function topicsOf(workflows: readonly Workflow[]): readonly string[] {
  const names = new Set<string>();
  for (const { spec } of workflows.flatMap(({ nodes }) => nodes)) {
    if (spec.kind === "source") names.add(spec.topic.name).add(`${spec.topic.name}.dead`);
    if (spec.kind === "sink" && spec.target.kind === "topic") names.add(spec.target.name);
  }
  return [...names];
}

function listOf(workflows: Workflow | readonly Workflow[]): readonly Workflow[] {
  return "kind" in workflows ? [workflows] : workflows;
}

/** Topics that workflows read and none of them writes. */
function readFromOutside(workflows: readonly Workflow[]): Set<string> {
  const specs = workflows.flatMap(({ nodes }) => nodes.map(({ spec }) => spec));
  const written = new Set(specs.flatMap((spec) => (spec.kind === "sink" && spec.target.kind === "topic" ? [spec.target.name] : [])));
  return new Set(specs.flatMap((spec) => (spec.kind === "source" && spec.collection === undefined && !written.has(spec.topic.name) ? [spec.topic.name] : [])));
}

/** Atoms that a test pushes, kept so that they can be read again from any position. */
class PushedInput implements Source {
  readonly name: string;
  readonly #chunks: (readonly unknown[])[] = [];
  readonly #waiting = new Set<() => void>();
  #ended = false;

  constructor(name: string) {
    this.name = name;
  }

  push(values: readonly unknown[]): void {
    if (this.#ended) throw new MillraceError("MILLRACE_USAGE", `harness, topic ${this.name}`, "its input has ended; push before end()");
    if (values.length > 0) this.#chunks.push(values);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  splits(): Promise<readonly { readonly id: string; readonly parallel: boolean }[]> {
    return Promise.resolve([{ id: "pushed", parallel: false }]);
  }

  open({ position }: { readonly position: number }): Promise<SplitReader> {
    let index = position;
    let ready: (() => void) | undefined;
    return Promise.resolve({
      next: () => {
        const values = this.#chunks[index];
        if (values === undefined) return Promise.resolve(this.#ended ? "end" : "idle");
        index++;
        return Promise.resolve({ index: index - 1, next: index, count: values.length, rows: new ObjectRows(values), malformed: [], bytes: values.length });
      },
      onReady: (callback: () => void) => {
        ready = callback;
        this.#waiting.add(callback);
      },
      close: () => {
        if (ready !== undefined) this.#waiting.delete(ready);
        return Promise.resolve();
      },
    });
  }

  #wake(): void {
    for (const callback of this.#waiting) callback();
  }
}

function validated<T>(topic: Topic<T>, value: T): unknown {
  if (topic.schema === undefined) return value;
  const result = topic.schema["~standard"].validate(value);
  if (result instanceof Promise || result.issues === undefined) return result instanceof Promise ? value : result.value;
  throw new MillraceError("MILLRACE_SCHEMA", `harness, topic ${topic.name}`, `a value does not match its schema: ${issuesText(result.issues)}`);
}
