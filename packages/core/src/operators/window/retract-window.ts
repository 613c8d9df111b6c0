import { AFTER, BEFORE, DELETE, INSERT, PROVISIONAL, type Batch } from "../../contracts/batch.ts";
import { LATE, RESULTS, type WindowNode } from "../../graph/nodes.ts";
import { BatchBuilder, rowAt, select } from "../batches.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";
import { WindowInputs } from "./inputs.ts";
import { layoutOf, type Part } from "./layout.ts";
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
      const [window] = this.#slicing.windows;
      for (let end = this.#slicing.firstEndAfter(start, rest.stamps[row] - this.#node.lateness); end <= window.lastEnd(start); end += window.slide) {
        try {
          this.#change(end, slot, i, rest.times[row], isBack);
        } catch (error) {
          this.#context.fail(rest, row, error);
          break;
        }
        if (end === Infinity) break;
      }
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

  #change(end: number, slot: number, i: number, time: number, isBack: boolean): void {
    if (isBack && this.#groups.get(end, slot) === undefined) return;
    const group = this.#groups.change(end, slot);
    for (const [p, part] of this.#parts.entries()) {
      if (part.form === "numeric") {
        const values = this.#inputs.numbers[p].subarray(i, i + 1);
        const { aggregate } = part;
        if (isBack) aggregate.retractMany?.(group.accumulators[p] as Float64Array, ONE_ROW, values, 0, 1);
        else aggregate.addMany(group.accumulators[p] as Float64Array, ONE_ROW, values, 0, 1);
        continue;
      }
      const input = this.#inputs.value(p, i);
      if (input === undefined || input === null) continue;
      const { aggregate } = part;
      group.accumulators[p] = isBack ? aggregate.retract?.(group.accumulators[p], input as never, time) : aggregate.add(group.accumulators[p], input as never, time);
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
