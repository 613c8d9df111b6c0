import { ByteWriter } from "../codec/bytes.ts";
import { ObjectRows } from "../codec/formats/struct-rows.ts";
import { encodeKey } from "../codec/key.ts";
import { keyGroup, keyHash, DEFAULT_KEY_GROUPS } from "../codec/murmur2.ts";
import type { Batch } from "../contracts/batch.ts";
import type { Clock } from "../contracts/clock.ts";
import type { CommitResult, Ledger, TopicAppend } from "../contracts/ledger.ts";
import { MillraceError } from "../errors.ts";
import type { Topic } from "../graph/refs.ts";
import { encodeBatch } from "./batch-codec.ts";

/** Appends atoms from outside any workflow: each call is one commit of a partition that only appends. */
export class Ingest {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  /** Undefined until the first append, and after one of which it is not known what became of it. */
  #lease: { readonly epoch: number; version: number } | undefined;
  /** Commits follow each other. */
  #last: Promise<void> = Promise.resolve();

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Throws MILLRACE_SCHEMA, naming the first bad value, and appends nothing, where a value does not match. */
  async append(topic: Topic<unknown>, values: readonly unknown[]): Promise<void> {
    const checked = validated(topic, values);
    const byPartition = new Map<number, unknown[]>();
    for (const value of checked) {
      const partition = partitionOf(topic, value);
      const list = byPartition.get(partition);
      if (list === undefined) byPartition.set(partition, [value]);
      else list.push(value);
    }
    const now = this.#clock.now();
    const appends = [...byPartition].map(([partition, list]) => {
      const times = new Float64Array(list.length).fill(now);
      const batch: Batch = { count: list.length, selection: undefined, rows: new ObjectRows(list), times, stamps: times, kinds: undefined, keys: undefined };
      const writer = new ByteWriter();
      encodeBatch(batch, writer);
      return { topic: topic.name, partition, count: list.length, bytes: writer.bytes() };
    });
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      const result = await this.#commit(appends);
      if (result.outcome === "refused") {
        throw new MillraceError("MILLRACE_FENCED", `topic ${topic.name}`, "another process appends to this store now; open it once");
      }
    } finally {
      resolve();
    }
  }

  async #commit(appends: readonly TopicAppend[]): Promise<CommitResult> {
    const lease = (this.#lease ??= { ...(await this.#ledger.fence(APPENDER)) });
    const version = ++lease.version;
    try {
      return await this.#ledger.commit({ partition: APPENDER, epoch: lease.epoch, version, progress: NOTHING, wakeAt: Infinity, state: [], sends: [], applied: [], appends });
    } catch (error) {
      this.#lease = undefined;
      throw error;
    }
  }
}

const APPENDER = "ingest";
const NOTHING = new Uint8Array(0);

function validated(topic: Topic<unknown>, values: readonly unknown[]): readonly unknown[] {
  const { schema } = topic;
  if (schema === undefined) return values;
  return values.map((value, i) => {
    const result = schema["~standard"].validate(value);
    if (result instanceof Promise) {
      throw new MillraceError("MILLRACE_SCHEMA", `topic ${topic.name}`, "its schema validates asynchronously; use one that answers at once");
    }
    if (result.issues === undefined) return result.value;
    const issues = result.issues.map(({ message, path }) => (path === undefined ? message : `${path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")}: ${message}`));
    throw new MillraceError("MILLRACE_SCHEMA", `topic ${topic.name}, value ${i}`, issues.join("; "));
  });
}

function partitionOf(topic: Topic<unknown>, value: unknown): number {
  if (topic.partitions === 1 || topic.key === undefined) return 0;
  const writer = new ByteWriter(32);
  encodeKey(topic.key(value), writer);
  return keyGroup(keyHash(writer.bytes(), 0, writer.length), DEFAULT_KEY_GROUPS) % topic.partitions;
}
