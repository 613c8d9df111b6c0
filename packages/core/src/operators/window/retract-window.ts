import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { AFTER, BEFORE, DELETE, INSERT, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import { LATE, RESULTS, type WindowNode } from "../../graph/nodes.ts";
import { BatchBuilder, rowAt, select } from "../batches.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";
import { WindowInputs } from "./inputs.ts";
import { layoutOf, type Part, type ValuePart } from "./layout.ts";
import { dueAgain, lastMoment } from "./open-windows.ts";
import { RetractGroups, UNKEYED, type Group } from "./retract-groups.ts";
import type { Slicing } from "./slicing.ts";

const ONE_ROW = new Int32Array(1);

/**
 * Windows over rows that change: what a row was is taken back from the windows that it was added to, by
 * aggregates that can. A group without rows has no result; one that was shown and is empty now is deleted.
 */
export class RetractWindowOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #node: WindowNode;
  readonly #slicing: Slicing;
  readonly #context: OperatorContext;
  readonly #keys: KeySpace | undefined;
  readonly #parts: readonly Part[];
  readonly #inputs: WindowInputs;
  readonly #groups: RetractGroups;
  /** Whether functions of a user's make results: they may throw. */
  readonly #hasCustom: boolean;
  /** Groups that changed since they were shown, by window end. */
  readonly #stirred = new Map<number, Set<number>>();
  #watermark = -Infinity;
  #earlyAt = Infinity;

  constructor(node: WindowNode, slicing: Slicing, keys: KeySpace | undefined, context: OperatorContext) {
    this.#node = node;
    this.#slicing = slicing;
    this.#keys = keys;
    this.#context = context;
    this.#parts = layoutOf(node.aggregates, context.subject);
    this.#hasCustom = this.#parts.some((part) => part.form === "value" && part.custom);
    this.#inputs = new WindowInputs(this.#parts, context);
    this.#groups = new RetractGroups(this.#parts, keys, `${slicing.format};lateness ${node.lateness}`);
    this.tables = [this.#groups];
  }

  process(_input: number, batch: Batch): void {
    const rest = this.#inputs.read(batch);
    const late: number[] = [];
    for (let i = 0; i < rest.count; i++) {
      const row = rowAt(rest, i);
      const kind = (rest.kinds?.[row] ?? INSERT) & ~PROVISIONAL;
      const slot = this.#keys === undefined ? UNKEYED : (rest.keys?.slots[row] ?? UNKEYED);
      const start = this.#slicing.sliceStart(rest.times[row]);
      const isBack = kind === BEFORE || kind === DELETE;
      if (this.#slicing.lastEnd(start) + this.#node.lateness <= rest.stamps[row]) {
        if (!isBack) late.push(row);
        continue;
      }
      this.#changeAll(this.#endsOf(start, rest.stamps[row]), slot, i, isBack, rest);
    }
    if (late.length > 0) {
      this.#context.late(late.length);
      this.#context.emit(LATE, select(rest, Int32Array.from(late), late.length));
    }
  }

  advance(watermark: number): void {
    this.#watermark = watermark;
    const { lateness } = this.#node;
    for (const end of this.#groups.ends().sort((a, b) => a - b)) {
      if (end + lateness <= watermark) {
        this.#emit(end, this.#groups.at(end).keys(), this.#isUpdated ? AFTER : INSERT);
        this.#groups.drop(end);
        this.#stirred.delete(end);
      } else if (end <= watermark) this.#show(end);
    }
  }

  restored(watermark: number, wakeAt = Infinity): void {
    this.#watermark = watermark;
    for (const end of this.#groups.ends()) {
      if (end + this.#node.lateness <= watermark) this.#groups.drop(end);
      else if (this.#isUpdated) for (const slot of this.#groups.at(end).keys()) this.#stir(end, slot);
    }
    this.#earlyAt = dueAgain(this.#earlyAt, wakeAt);
  }

  flush(): void {
    for (const end of this.#stirred.keys()) if (end <= this.#watermark) this.#show(end);
  }

  tick(): void {
    this.#earlyAt = Infinity;
    for (const end of [...this.#stirred.keys()].sort((a, b) => a - b)) this.#show(end);
  }

  wakeAt(): number {
    return this.#earlyAt;
  }

  /** Whether results are told before they are final. */
  get #isUpdated(): boolean {
    return this.#node.early < Infinity || this.#node.lateness > 0;
  }

  /** The windows of a slice that are still open for a row of such a stamp. */
  #endsOf(start: number, stamp: number): number[] {
    const [window] = this.#slicing.windows;
    const ends: number[] = [];
    for (let end = this.#slicing.firstEndAfter(start, stamp - this.#node.lateness); end <= window.lastEnd(start); end += window.slide) {
      ends.push(end);
      if (end === Infinity) break;
    }
    return ends;
  }

  /** Adds a row to its windows or takes it back from them, all or none: where a function throws it is a dead letter and changes nothing. */
  #changeAll(ends: readonly number[], slot: number, i: number, isBack: boolean, batch: Batch): void {
    const row = rowAt(batch, i);
    const time = batch.times[row];
    if (isBack && !this.#wasAdded(i, time)) return;
    const held = isBack ? ends.filter((end) => (this.#groups.get(end, slot)?.count ?? 0) > 0) : ends;
    let values: readonly (readonly unknown[])[];
    try {
      values = held.map((end) => this.#valuesAfter(this.#groups.get(end, slot), i, time, isBack));
    } catch (error) {
      this.#context.fail(batch, row, error);
      return;
    }
    for (const [at, end] of held.entries()) this.#change(end, slot, i, values[at] ?? [], isBack);
  }

  /** Whether users' functions took a row when it came: one that they threw on was never added, so it is not taken back. */
  #wasAdded(i: number, time: number): boolean {
    try {
      for (const [p, part] of this.#parts.entries()) {
        if (part.form !== "value" || !part.custom) continue;
        const input = this.#inputs.value(p, i);
        if (input !== undefined && input !== null) part.aggregate.add(part.aggregate.init(), input as never, time);
      }
      return true;
    } catch {
      return false;
    }
  }

  /** What the parts that are no numbers become, by part; the group itself is left as it is where a user's function may throw. */
  #valuesAfter(group: Group | undefined, i: number, time: number, isBack: boolean): unknown[] {
    const values: unknown[] = [];
    for (const [p, part] of this.#parts.entries()) {
      if (part.form === "numeric") continue;
      const { aggregate } = part;
      const before = group === undefined ? aggregate.init() : this.#hasCustom ? copied(part, group.accumulators[p]) : group.accumulators[p];
      const input = this.#inputs.value(p, i);
      if (input === undefined || input === null) values[p] = before;
      else values[p] = isBack ? aggregate.retract?.(before, input as never, time) : aggregate.add(before, input as never, time);
    }
    return values;
  }

  #change(end: number, slot: number, i: number, values: readonly unknown[], isBack: boolean): void {
    const group = this.#groups.change(end, slot);
    for (const [p, part] of this.#parts.entries()) {
      if (part.form === "value") {
        group.accumulators[p] = values[p];
        continue;
      }
      const numbers = this.#inputs.numbers[p].subarray(i, i + 1);
      const into = group.accumulators[p] as Float64Array;
      if (isBack) part.aggregate.retractMany?.(into, ONE_ROW, numbers, 0, 1);
      else part.aggregate.addMany(into, ONE_ROW, numbers, 0, 1);
    }
    group.count += isBack ? -1 : 1;
    // Nothing is left of what rounding did.
    if (group.count === 0) group.accumulators.splice(0, group.accumulators.length, ...this.#groups.empty().accumulators);
    if (group.count === 0 && !this.#isUpdated) this.#groups.delete(end, slot);
    if (this.#isUpdated) this.#stir(end, slot);
  }

  #stir(end: number, slot: number): void {
    const stirred = this.#stirred.get(end);
    if (stirred === undefined) this.#stirred.set(end, new Set([slot]));
    else stirred.add(slot);
    if (this.#node.early < Infinity && this.#earlyAt === Infinity) this.#earlyAt = this.#context.clock.now() + this.#node.early;
  }

  /** Tells what changed in a window since it was told; groups that are empty are gone then. */
  #show(end: number): void {
    const stirred = this.#stirred.get(end);
    if (stirred === undefined) return;
    this.#stirred.delete(end);
    this.#emit(end, stirred, AFTER | PROVISIONAL);
    for (const slot of stirred) if (this.#groups.get(end, slot)?.count === 0) this.#groups.delete(end, slot);
  }

  #emit(end: number, slots: Iterable<number>, kind: number): void {
    const [{ size }] = this.#slicing.windows;
    const window = { start: size === Infinity ? -Infinity : end - size, end };
    const time = lastMoment(end);
    const stamp = lastMoment(end + this.#node.lateness);
    const out = new BatchBuilder();
    for (const slot of this.#inKeyOrder([...slots])) {
      const group = this.#groups.get(end, slot);
      if (group === undefined) continue;
      out.add(this.#result(group, slot, window), time, stamp, group.count > 0 ? kind : DELETE | (kind & PROVISIONAL));
    }
    if (out.count > 0) this.#context.emit(RESULTS, out.take());
  }

  #inKeyOrder(slots: number[]): number[] {
    const keys = this.#keys;
    return keys === undefined ? slots : slots.sort((a, b) => keys.compare(a, b));
  }

  #result({ accumulators }: Group, slot: number, window: { readonly start: number; readonly end: number }): Record<string, unknown> {
    const result: Record<string, unknown> = this.#keys === undefined ? { window } : { window, key: this.#keys.table.value(slot) };
    for (const [p, part] of this.#parts.entries()) {
      result[part.name] = part.form === "numeric" ? part.aggregate.result(accumulators[p] as Float64Array, 0) : part.aggregate.result(accumulators[p]);
    }
    return result;
  }
}

/** An accumulator of its own, since functions may change the one they are given. */
function copied({ aggregate }: ValuePart, accumulator: unknown): unknown {
  const writer = new ByteWriter();
  aggregate.encode(accumulator, writer);
  return aggregate.decode(new ByteReader(writer.bytes()));
}
