/// <reference lib="esnext.disposable" preserve="true" />
import { MillraceError, type Collection, type Topic } from "@millrace/core";
import type { Runtime, RuntimeMetrics } from "@millrace/core/internal";
import { appCollection, type AppCollection } from "./app-collection.ts";
import { totalOf } from "./totals.ts";
import { topicOfDead, type GraphNames } from "./graph-names.ts";

/** A topic of a running app. */
export interface AppTopic<T> {
  /** Appends atoms; durable when resolved. Waits while more than `maxWaiting` atoms wait for a workflow to read them. Throws MILLRACE_SCHEMA, appending nothing, where one does not match. */
  append(atoms: readonly T[]): Promise<void>;
  /** The atoms that the topic holds now, in order, partition after partition. */
  read(): AsyncIterable<T>;
}


/** All that is measured since the app was started: of all workflows together, of each stage, of each partition. */
export interface Metrics extends RuntimeMetrics {
  /** Atoms read from sources, malformed ones among them. */
  readonly atomsIn: number;
  /** About how many bytes of sources that was. */
  readonly bytesIn: number;
  /** Atoms given to topics. */
  readonly atomsOut: number;
  readonly late: number;
  readonly dead: number;
}

/** Workflows that run inside a program of yours. */
export class App {
  readonly #runtime: Runtime;
  readonly #names: GraphNames;
  readonly #bound: ReadonlySet<string>;
  readonly #close: () => Promise<void>;
  #stopping: Promise<void> | undefined;
  #stopped: Promise<Metrics> | undefined;

  constructor(runtime: Runtime, names: GraphNames, bound: ReadonlySet<string>, close: () => Promise<void>) {
    this.#runtime = runtime;
    this.#names = names;
    this.#bound = bound;
    this.#close = close;
  }

  /** Resolves when bounded input has been taken in; rejects when a workflow cannot go on. */
  get finished(): Promise<void> {
    return this.#runtime.finished;
  }

  /** A topic that the workflows read or write. Throws MILLRACE_NOT_FOUND for another one. */
  topic<T>(topic: Topic<T>): AppTopic<T> {
    const { name } = topic;
    const { reads, topics } = this.#names;
    if (!reads.has(name) && !topics.has(name) && !reads.has(topicOfDead(name) ?? "")) {
      throw new MillraceError("MILLRACE_NOT_FOUND", `topic ${name}`, `no workflow of this app reads or writes it; there are: ${[...reads.keys(), ...topics.keys()].join(", ")}`);
    }
    const runtime = this.#runtime;
    return {
      append: async (atoms) => {
        this.#mustRun();
        if (this.#bound.has(name)) {
          throw new MillraceError("MILLRACE_USAGE", `topic ${name}`, "is read from an input of this app, so what is appended would never be read; leave it out of `inputs`");
        }
        if (!Array.isArray(atoms)) throw new MillraceError("MILLRACE_USAGE", `topic ${name}`, `append got ${typeof atoms === "object" ? "an object" : `a ${typeof atoms}`} that is no array; give it the atoms as one: append([atom])`);
        await runtime.append(topic, atoms);
      },
      async *read() {
        for await (const { value } of runtime.read(name)) yield value as T;
      },
    };
  }

  /** A collection that workflows write or read, or that was given to `start`. Throws MILLRACE_NOT_FOUND for another one. */
  collection<T>(collection: Collection<T>): AppCollection<T> {
    const { name } = collection;
    const { collections } = this.#names;
    if (!collections.has(name)) {
      throw new MillraceError(
        "MILLRACE_NOT_FOUND",
        `collection ${name}`,
        `no workflow of this app writes or reads it; there are: ${[...collections.keys()].join(", ") || "none"}. One that is only edited is given to start(..., { collections: [...] })`,
      );
    }
    return appCollection(this.#runtime, collection, () => this.#mustRun());
  }

  /** What is measured now; after `stop`, what was at the end. */
  metrics(): Promise<Metrics> {
    return this.#stopped ?? this.#measure();
  }

  /** Ends after the step that each partition is in, and closes the store. Collections can still be read. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    try {
      await this.#runtime.stop();
      this.#stopped = this.#measure();
      await this.#stopped.catch(() => undefined);
    } finally {
      await this.#close();
    }
  }

  async #measure(): Promise<Metrics> {
    const measured = await this.#runtime.metrics();
    return { ...totalOf(await this.#runtime.stats()), ...measured };
  }

  #mustRun(): void {
    if (this.#stopping !== undefined) throw new MillraceError("MILLRACE_STOPPED", "app", "it was stopped; start it again");
  }
}
