import { ByteWriter } from "../codec/bytes.ts";
import { issuesText } from "../codec/formats/json-lines.ts";
import { ObjectRows } from "../codec/formats/struct-rows.ts";
import { encodeKey } from "../codec/key.ts";
import { keyGroup, keyHash, DEFAULT_KEY_GROUPS } from "../codec/murmur2.ts";
import type { Batch, Rows } from "../contracts/batch.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Ledger, TopicAppend } from "../contracts/ledger.ts";
import { MillraceError } from "../errors.ts";
import type { Topic } from "../graph/refs.ts";
import { encodeBatch } from "./batch-codec.ts";
import { REQUEST_KEY_LIMITS, REQUEST_KEYS_TABLE, RequestKeys, type RequestKey, type RequestKeyLimits } from "./request-keys.ts";

/** Where atoms are appended: of a topic, what says where they lie. */
export type AppendTarget = Pick<Topic<unknown>, "name" | "partitions" | "key">;

/** Rows for one topic, in order; their values match its schema. */
export interface AppendPart {
  readonly topic: AppendTarget;
  readonly rows: Rows;
  /** Event times, epoch ms. Default: now. */
  readonly times?: Float64Array;
  /** One a row: a row whose key was seen before is passed over. */
  readonly keys?: readonly RequestKey[];
}

/** What becomes real together. */
export interface AppendRequest {
  readonly parts: readonly AppendPart[];
  /** Where it was seen before, nothing is appended. */
  readonly key?: RequestKey;
}

/** How many rows of each part were appended; the others had been before, under the same key. */
export type AppendOutcome = readonly number[];

interface Waiting {
  readonly request: AppendRequest;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (reason: unknown) => void;
}

/** Of a request that goes into the next commit. */
interface Made {
  readonly waiting: Waiting;
  readonly outcome: AppendOutcome;
}

/**
 * Appends atoms from outside any workflow. Requests that come while a commit is under way share the
 * next one, with the keys by which their repeats are told.
 */
export class Ingest {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #limits: RequestKeyLimits;
  /** Undefined until the first append, and after one of which it is not known what became of it. */
  #lease: { readonly epoch: number; version: number } | undefined;
  /** Undefined until the first request that has a key. */
  #keys: RequestKeys | undefined;
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(ledger: Ledger, clock: Clock, limits: RequestKeyLimits = REQUEST_KEY_LIMITS) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Throws MILLRACE_SCHEMA, naming the first bad value, and appends nothing, where a value does not match. */
  async append(topic: Topic<unknown>, values: readonly unknown[]): Promise<void> {
    await this.request({ parts: [{ topic, rows: new ObjectRows(validated(topic, values)) }] });
  }

  /**
   * Appends all parts in one commit; durable when resolved. Throws MILLRACE_CONFLICT where a key was
   * used for another request, MILLRACE_SCHEMA where a value cannot be stored; then nothing is appended.
   */
  request(request: AppendRequest): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (!this.#busy) void this.#run();
    });
  }

  /** Commits until nothing waits. Never rejects: each request is told what became of it. */
  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      try {
        this.#lease ??= { ...(await this.#ledger.fence(APPENDER)) };
        if (this.#keys === undefined && this.#waiting.some(hasKeys)) this.#keys = await RequestKeys.load(this.#ledger, this.#limits);
      } catch (error) {
        this.#forget();
        for (const { reject } of this.#waiting.splice(0)) reject(error);
        break;
      }
      await this.#commit(this.#lease);
    }
    this.#busy = false;
  }

  async #commit(lease: { readonly epoch: number; version: number }): Promise<void> {
    const { made, appends } = this.#gather();
    try {
      const state = this.#keys?.takeBlocks() ?? [];
      if (appends.length > 0 || state.length > 0) {
        const version = ++lease.version;
        const commit = { partition: APPENDER, epoch: lease.epoch, version, progress: NOTHING, wakeAt: Infinity, state, sends: [], applied: [], appends };
        const result = await this.#ledger.commit(commit);
        if (result.outcome === "refused") {
          throw new MillraceError("MILLRACE_FENCED", `topic ${appends[0]?.topic ?? "of keys"}`, "another process appends to this store now; open it once");
        }
        for (const { table, group } of result.rewrite) if (table === REQUEST_KEYS_TABLE) this.#keys?.rewrite(group);
      }
      for (const { waiting, outcome } of made) waiting.resolve(outcome);
    } catch (error) {
      this.#forget();
      for (const { waiting } of made) waiting.reject(error);
    }
  }

  /** What was noted may or may not be in the store: it is read again. */
  #forget(): void {
    this.#lease = undefined;
    this.#keys = undefined;
  }

  /** Takes what waits, as much as fits into a commit. */
  #gather(): { readonly made: readonly Made[]; readonly appends: readonly TopicAppend[] } {
    const now = this.#clock.now();
    const made: Made[] = [];
    const appends: TopicAppend[] = [];
    let bytes = 0;
    let taken = 0;
    while (taken < this.#waiting.length && bytes < LARGEST_GROUP) {
      const waiting = this.#waiting[taken];
      if (this.#keys === undefined && hasKeys(waiting)) break;
      taken++;
      const before = this.#keys?.added ?? 0;
      try {
        const { outcome, appends: own } = this.#make(waiting.request, now);
        for (const append of own) bytes += append.bytes.length;
        appends.push(...own);
        made.push({ waiting, outcome });
      } catch (error) {
        this.#keys?.takeBack(before);
        waiting.reject(error);
      }
    }
    this.#waiting.splice(0, taken);
    return { made, appends };
  }

  #make({ parts, key }: AppendRequest, now: number): { readonly outcome: AppendOutcome; readonly appends: readonly TopicAppend[] } {
    if (key !== undefined && this.#keys?.add(key, now) === false) return { outcome: parts.map(() => 0), appends: [] };
    const appends: TopicAppend[] = [];
    const outcome: number[] = [];
    for (const part of parts) {
      const selection = this.#unseen(part, now);
      const count = selection?.length ?? part.rows.length;
      outcome.push(count);
      const times = part.times ?? new Float64Array(part.rows.length).fill(now);
      const batch: Batch = { count, selection, rows: part.rows, times, stamps: times, kinds: undefined, keys: undefined };
      if (count > 0) appends.push(...encoded(part.topic, batch));
    }
    return { outcome, appends };
  }

  /** The rows whose keys are new; undefined: all. */
  #unseen({ keys }: AppendPart, now: number): Int32Array | undefined {
    if (keys === undefined) return undefined;
    const rows: number[] = [];
    for (const [row, key] of keys.entries()) if (this.#keys?.add(key, now) !== false) rows.push(row);
    return Int32Array.from(rows);
  }
}

const APPENDER = "ingest";
const NOTHING = new Uint8Array(0);
/** A commit takes in no more requests above this many bytes. */
const LARGEST_GROUP = 16 * 1024 * 1024;

function hasKeys({ request }: Waiting): boolean {
  return request.key !== undefined || request.parts.some(({ keys }) => keys !== undefined);
}

/** The rows by partition of the topic. */
function encoded(topic: AppendTarget, batch: Batch): TopicAppend[] {
  if (topic.partitions === 1 || topic.key === undefined) return [appendOf(topic, 0, batch)];
  const selections = new Map<number, number[]>();
  for (let i = 0; i < batch.count; i++) {
    const row = batch.selection === undefined ? i : batch.selection[i];
    const partition = partitionOf(topic, batch.rows.view(row));
    const selection = selections.get(partition);
    if (selection === undefined) selections.set(partition, [row]);
    else selection.push(row);
  }
  return [...selections].map(([partition, rows]) => appendOf(topic, partition, { ...batch, count: rows.length, selection: Int32Array.from(rows) }));
}

function appendOf({ name }: AppendTarget, partition: number, batch: Batch): TopicAppend {
  const writer = new ByteWriter();
  encodeBatch(batch, writer);
  return { topic: name, partition, count: batch.count, bytes: writer.bytes() };
}

function validated(topic: Topic<unknown>, values: readonly unknown[]): readonly unknown[] {
  const { schema } = topic;
  if (schema === undefined) return values;
  return values.map((value, i) => {
    const result = schema["~standard"].validate(value);
    if (result instanceof Promise) {
      throw new MillraceError("MILLRACE_SCHEMA", `topic ${topic.name}`, "its schema validates asynchronously; use one that answers at once");
    }
    if (result.issues === undefined) return result.value;
    throw new MillraceError("MILLRACE_SCHEMA", `topic ${topic.name}, value ${i}`, issuesText(result.issues));
  });
}

function partitionOf(topic: AppendTarget, value: unknown): number {
  const writer = new ByteWriter(32);
  encodeKey(topic.key === undefined ? null : topic.key(value), writer);
  return keyGroup(keyHash(writer.bytes(), 0, writer.length), DEFAULT_KEY_GROUPS) % topic.partitions;
}
