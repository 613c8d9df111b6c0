import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { KeyTable } from "../codec/key-table.ts";
import { encodeValue } from "../codec/values.ts";
import { DELETE, PROVISIONAL, type Batch, type Key } from "../contracts/batch.ts";
import { MillraceError } from "../errors.ts";
import { BatchDecoder, encodeBatch } from "../engine/batch-codec.ts";
import { virtualClock, type VirtualClock } from "../memory/clock.ts";
import { BatchBuilder, rowAt } from "../operators/batches.ts";
import type { Operator, OperatorContext } from "../operators/operator.ts";
import { KeySpace } from "../operators/state/key-space.ts";
import { freezeDeeply } from "../operators/strict.ts";

/** An operator to be verified: how it is made, and what its script's rows and results mean. */
export interface OperatorSubject {
  /** Makes it afresh, over keys that nobody else uses. */
  make(keys: KeySpace, context: OperatorContext): Operator;
  /** G, the number of key groups. Default 16. */
  readonly keyGroups?: number;
  /**
   * Given where rows may be updated: what tells rows of a port apart. Then only last words are
   * compared, and the tables that the changes make.
   */
  readonly identity?: (value: unknown) => unknown;
}

/** A row of a script. Its stamp must not be below a watermark that came before it. */
export interface ScriptRow {
  readonly value: unknown;
  readonly time: number;
  readonly stamp: number;
  readonly key?: Key;
  readonly kind?: number;
}

/** What happens to an operator: rows of an input, a watermark, or processing time that goes on. */
export type ScriptStep =
  | { readonly input?: number; readonly rows: readonly ScriptRow[] }
  | { readonly watermark: number }
  | { readonly now: number };

/** What an operator gave, in a form that can be compared. */
export interface OperatorOutput {
  readonly rows: readonly OutputRow[];
  readonly late: number;
  readonly failed: readonly unknown[];
}

export interface OutputRow {
  readonly port: number;
  readonly value: unknown;
  readonly time: number;
  readonly stamp: number;
  readonly kind: number;
  readonly key: Key | undefined;
  /** The step of the script that it came from. */
  readonly step: number;
}

/** How a run treats rows and state on the way. */
export interface RunStyle {
  readonly frozen?: boolean;
  readonly traveled?: boolean;
  /** The operator is replaced after each step by a fresh one that loads what was committed. */
  readonly restore?: "changes" | "full" | "both";
  /** A commit after each step. Restoring implies it. */
  readonly flush?: boolean;
}

/** Drives an operator through a script. Throws MILLRACE_INVARIANT where a row's stamp is below the watermark. */
export class OperatorRun {
  readonly #subject: OperatorSubject;
  readonly #style: RunStyle;
  readonly #keyGroups: number;
  readonly #clock: VirtualClock = virtualClock();
  readonly #rows: OutputRow[] = [];
  readonly #failed: unknown[] = [];
  /** Committed blocks by table and group. */
  readonly #blocks = new Map<string, Map<number, Uint8Array[]>>();
  #late = 0;
  #step = 0;
  #watermark = -Infinity;
  #keys: KeySpace;
  #operator: Operator;

  constructor(subject: OperatorSubject, style: RunStyle) {
    this.#subject = subject;
    this.#style = style;
    this.#keyGroups = subject.keyGroups ?? 16;
    this.#keys = new KeySpace(new KeyTable(), this.#keyGroups);
    this.#operator = subject.make(this.#keys, this.#context());
  }

  step(step: ScriptStep, index: number): void {
    this.#step = index;
    if ("rows" in step) {
      this.#operator.process(step.input ?? 0, this.#batch(step.rows));
    } else if ("watermark" in step) {
      this.#operator.advance(step.watermark);
      this.#watermark = step.watermark;
    } else {
      this.#clock.advanceTo(step.now);
      if ((this.#operator.wakeAt?.() ?? Infinity) <= step.now) this.#operator.tick?.(step.now);
    }
    if (this.#style.flush === true || this.#style.restore !== undefined) this.#operator.flush?.();
    if (this.#style.restore !== undefined) this.#restore(index);
    else if (this.#style.flush === true) for (const table of this.#operator.tables) table.changes(() => undefined);
  }

  finish(): OperatorOutput {
    this.#operator.flush?.();
    return { rows: this.#rows, late: this.#late, failed: this.#failed };
  }

  #batch(rows: readonly ScriptRow[]): Batch {
    const builder = new BatchBuilder();
    for (const { value, time, stamp, kind } of rows) builder.add(this.#style.frozen === true ? freezeDeeply(value) : value, time, stamp, kind);
    const keyed = rows.some(({ key }) => key !== undefined);
    const slots = Int32Array.from(rows, ({ key }) => (key === undefined ? -1 : this.#keys.table.intern(key)));
    const batch = builder.take(keyed ? { table: this.#keys.table, slots } : undefined);
    return this.#style.traveled === true ? traveled(batch, this.#keys) : batch;
  }

  #restore(index: number): void {
    const { restore } = this.#style;
    for (const table of this.#operator.tables) {
      const groups = groupsOf(this.#blocks, table.name);
      table.changes((group, bytes) => {
        const blocks = groups.get(group);
        if (blocks === undefined) groups.set(group, [bytes.slice()]);
        else blocks.push(bytes.slice());
      });
      if (restore === "changes" || (restore === "both" && index % 3 !== 0)) continue;
      groups.clear();
      for (let group = 0; group < this.#keyGroups; group++) {
        const bytes = table.full(group);
        if (bytes !== undefined) groups.set(group, [bytes]);
      }
    }
    this.#keys = new KeySpace(new KeyTable(), this.#keyGroups);
    this.#operator = this.#subject.make(this.#keys, this.#context());
    for (const table of this.#operator.tables) {
      // From the last group to the first, so that slots are given out in another order than before.
      for (const [group, blocks] of [...groupsOf(this.#blocks, table.name)].sort(([a], [b]) => b - a)) {
        for (const block of blocks) table.load(group, block);
      }
    }
    this.#operator.restored?.(this.#watermark);
  }

  #context(): OperatorContext {
    return {
      subject: "workflow test, operator verified",
      address: "test/verified",
      keyGroups: this.#keyGroups,
      clock: this.#clock,
      strict: this.#style.frozen === true,
      emit: (port, batch) => this.#emit(port, this.#style.traveled === true ? traveled(batch, this.#keys) : batch),
      connected: () => true,
      fail: (batch, row) => this.#failed.push(batch.rows.get(row)),
      late: (count) => {
        this.#late += count;
      },
      retried: () => undefined,
    };
  }

  #emit(port: number, batch: Batch): void {
    for (let i = 0; i < batch.count; i++) {
      const row = rowAt(batch, i);
      const stamp = batch.stamps[row];
      const value = batch.rows.get(row);
      const key = batch.keys?.table.value(batch.keys.slots[row]);
      if (stamp < this.#watermark && !(this.#watermark === Infinity)) {
        throw new MillraceError("MILLRACE_INVARIANT", "verified operator", `it gave ${JSON.stringify(value)} the stamp ${stamp} after the watermark ${this.#watermark}`);
      }
      this.#rows.push({ port, value, time: batch.times[row], stamp, kind: batch.kinds?.[row] ?? 0, key, step: this.#step });
    }
  }
}

/** The last words among rows that may be updated, and without what was deleted. */
export function finalsOf(rows: readonly OutputRow[]): readonly OutputRow[] {
  return rows.filter(({ kind }) => (kind & PROVISIONAL) === 0 && kind !== DELETE);
}

/** The table that changes make: the last row of each identity, unless it was deleted. */
export function tableOf(rows: readonly OutputRow[], identity: (value: unknown) => unknown): readonly OutputRow[] {
  const table = new Map<string, OutputRow>();
  for (const row of rows) {
    const name = `${row.port} ${fingerprint(identity(row.value))}`;
    if ((row.kind & ~PROVISIONAL) === DELETE) table.delete(name);
    else table.set(name, row);
  }
  return [...table.values()];
}

/** A text that two values share only where the codec tells no difference. */
export function fingerprint(value: unknown): string {
  const writer = new ByteWriter();
  encodeValue(value, writer);
  return writer.bytes().join();
}

function traveled(batch: Batch, keys: KeySpace): Batch {
  const writer = new ByteWriter();
  encodeBatch(batch, writer);
  return new BatchDecoder(keys).decode(new ByteReader(writer.take()));
}

function groupsOf(blocks: Map<string, Map<number, Uint8Array[]>>, table: string): Map<number, Uint8Array[]> {
  let groups = blocks.get(table);
  if (groups === undefined) blocks.set(table, (groups = new Map<number, Uint8Array[]>()));
  return groups;
}
