import { ObjectRows } from "../../codec/formats/struct-rows.ts";
import { AFTER, BEFORE, DELETE, PROVISIONAL, type Batch, type Key } from "../../contracts/batch.ts";
import { MillraceError } from "../../errors.ts";
import { isTime, LAST_TIME } from "../../time/event-time.ts";
import { RESULTS, type ProcessNode } from "../../graph/nodes.ts";
import type { Timers } from "../../graph/process.ts";
import { BatchBuilder, rowAt } from "../batches.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { StateTable } from "../state/table.ts";
import { handleOf, type Handle, type Scope } from "./handles.ts";
import { TimerTable } from "./timer-table.ts";

/** How many timers a key may register after the end of its input, so that a chain of them ends. */
const TIMERS_AFTER_END = 10_000;

type Domain = "event" | "processing";

interface TimerChange {
  readonly domain: Domain;
  readonly register: boolean;
  readonly time: number;
}

/**
 * A user's function over the elements of each key. Before an element, the key's timers at or before
 * its stamp fire: every later element has a stamp at or above the watermark, so this is the order in
 * which the watermark would fire them, however the elements are batched.
 */
export class ProcessOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #context: OperatorContext;
  readonly #node: ProcessNode;
  readonly #keys: KeySpace;
  readonly #scope: Scope = { slot: -1, time: 0, now: -Infinity };
  readonly #handles: readonly Handle[];
  readonly #eventTimers: TimerTable;
  readonly #processingTimers: TimerTable;
  readonly #call: Call;
  readonly #builders: readonly BatchBuilder[];
  readonly #afterEnd = new Map<number, number>();
  #watermark = -Infinity;
  /** Whether the timers of processing time that were left at the end of the input fire, or have. */
  #isOver = false;

  constructor(node: ProcessNode, keys: KeySpace, context: OperatorContext) {
    this.#node = node;
    this.#keys = keys;
    this.#context = context;
    const named = Object.entries(node.state).map(([name, spec]) => ({ name, handle: handleOf(name, spec, keys, this.#scope, context.strict === true) }));
    this.#handles = named.map(({ handle }) => handle);
    this.#eventTimers = new TimerTable("timers", keys);
    this.#processingTimers = new TimerTable("processing-timers", keys);
    this.#call = new Call(Object.fromEntries(named.map(({ name, handle }) => [name, handle])), node, keys, this.#scope, context);
    this.#builders = [RESULTS, ...node.sides].map(() => new BatchBuilder());
    const timers = node.onTimer === undefined ? [] : [this.#eventTimers.table, this.#processingTimers.table];
    this.tables = [...this.#handles.map(({ table }) => table), ...timers];
  }

  process(_input: number, batch: Batch): void {
    if (batch.keys === undefined) return;
    const { slots } = batch.keys;
    for (let i = 0; i < batch.count; i++) {
      const row = rowAt(batch, i);
      const slot = slots[row];
      const stamp = batch.stamps[row];
      this.#fireUntil(slot, stamp, -Infinity);
      this.#element(batch, row, slot);
      this.#fireUntil(slot, stamp, stamp);
    }
    this.#emit();
  }

  advance(watermark: number): void {
    this.#watermark = watermark;
    for (let slot = this.#eventTimers.due(watermark); slot >= 0; slot = this.#eventTimers.due(watermark)) {
      const time = this.#eventTimers.earliest(slot);
      this.#fireUntil(slot, time, -Infinity);
    }
    if (watermark === Infinity) this.#fireLeft();
    for (const handle of this.#handles) handle.forget(watermark);
    this.#emit();
  }

  restored(watermark: number): void {
    this.#watermark = watermark;
    this.#eventTimers.restored();
    this.#processingTimers.restored();
    for (const handle of this.#handles) handle.forget(watermark);
  }

  tick(now: number): void {
    for (let slot = this.#processingTimers.due(now); slot >= 0; slot = this.#processingTimers.due(now)) {
      const timer = this.#processingTimers.earliest(slot);
      const origin = this.#processingTimers.take(slot);
      const time = this.#watermark < Infinity ? Math.max(origin, this.#watermark) : origin;
      this.#timer(slot, "processing", timer, time, Math.max(time, Math.min(this.#watermark, LAST_TIME)));
      this.#fireUntil(slot, time, time);
    }
    this.#emit();
  }

  wakeAt(): number {
    return this.#processingTimers.next;
  }

  /** Fires the event timers of a key that are at or before `limit`; what they emit gets stamps of at least `floor`. */
  #fireUntil(slot: number, limit: number, floor: number): void {
    let stamp = floor;
    for (let time = this.#eventTimers.earliest(slot); time <= limit; time = this.#eventTimers.earliest(slot)) {
      if (time === Infinity) return;
      this.#eventTimers.take(slot);
      stamp = Math.max(stamp, time);
      this.#timer(slot, "event", time, time, stamp);
    }
  }

  /** After the end of the input nobody comes back for timers of processing time: those that are left fire, but what they register of that kind does not. */
  #fireLeft(): void {
    this.#isOver = true;
    for (let slot = this.#processingTimers.due(Infinity); slot >= 0; slot = this.#processingTimers.due(Infinity)) {
      const timer = this.#processingTimers.earliest(slot);
      const origin = this.#processingTimers.take(slot);
      this.#timer(slot, "processing", timer, origin, LAST_TIME);
      this.#fireUntil(slot, Infinity, LAST_TIME);
    }
  }

  #element(batch: Batch, row: number, slot: number): void {
    const { scope, call } = this.#begin(slot, batch.times[row], batch.stamps[row]);
    call.change = changeOf(batch.kinds?.[row] ?? 0);
    try {
      this.#node.onElement(batch.rows.get(row) as never, call as never);
      this.#checkTimers();
    } catch (error) {
      this.#context.fail(batch, row, error);
      return;
    }
    this.#apply(scope.now);
  }

  #timer(slot: number, domain: Domain, timer: number, time: number, stamp: number): void {
    const { call } = this.#begin(slot, time, stamp);
    call.domain = domain;
    try {
      this.#node.onTimer?.(timer, call as never);
      this.#checkTimers();
    } catch (error) {
      const rows = new ObjectRows([{ timer, key: this.#keys.table.value(slot) }]);
      const times = Float64Array.of(time);
      const failed: Batch = { count: 1, selection: undefined, rows, times, stamps: Float64Array.of(stamp), kinds: undefined, keys: undefined };
      this.#context.fail(failed, 0, error);
      return;
    }
    this.#apply(stamp);
  }

  #begin(slot: number, time: number, now: number): { readonly scope: Scope; readonly call: Call } {
    this.#scope.slot = slot;
    this.#scope.time = time;
    this.#scope.now = now;
    this.#call.begin();
    for (const handle of this.#handles) handle.begin();
    return { scope: this.#scope, call: this.#call };
  }

  /** After the end of the input, timers that register timers must come to an end. */
  #checkTimers(): void {
    if (this.#watermark < Infinity) return;
    const registered = this.#call.timerChanges.filter(({ register, domain }) => register && domain === "event").length;
    if (registered === 0) return;
    const { slot } = this.#scope;
    const all = (this.#afterEnd.get(slot) ?? 0) + registered;
    this.#afterEnd.set(slot, all);
    if (all <= TIMERS_AFTER_END) return;
    throw new MillraceError(
      "MILLRACE_FUNCTION_FAILED",
      this.#context.subject,
      `its timers have registered ${TIMERS_AFTER_END} timers of one key after the end of the input; let the chain end when nothing is left to wait for`,
    );
  }

  /** The call has succeeded: its writes, timers and results count. */
  #apply(stamp: number): void {
    for (const handle of this.#handles) handle.apply();
    const { slot, time } = this.#scope;
    const { timerChanges, ports, values, times } = this.#call;
    for (const change of timerChanges) {
      const timers = change.domain === "event" ? this.#eventTimers : this.#processingTimers;
      if (change.register && change.domain === "processing" && this.#isOver) continue;
      if (change.register) timers.register(slot, change.time, time);
      else timers.delete(slot, change.time);
    }
    for (let i = 0; i < ports.length; i++) this.#builders[ports[i]].add(values[i], times[i], stamp);
  }

  #emit(): void {
    for (const [port, builder] of this.#builders.entries()) if (builder.count > 0) this.#context.emit(port, builder.take());
  }
}

/** The context of the call that is under way, and what it asked for. One object serves all calls. */
class Call {
  readonly state: Readonly<Record<string, unknown>>;
  readonly timers: Timers;
  readonly emit: (value: unknown, time?: number) => void;
  readonly side: (name: string, value: unknown) => void;
  change: "insert" | "before" | "after" | "delete" = "insert";
  domain: Domain = "event";
  timerChanges: TimerChange[] = [];
  ports: number[] = [];
  values: unknown[] = [];
  times: number[] = [];
  readonly #keys: KeySpace;
  readonly #scope: Scope;

  constructor(state: Readonly<Record<string, unknown>>, node: ProcessNode, keys: KeySpace, scope: Scope, context: OperatorContext) {
    this.state = state;
    this.#keys = keys;
    this.#scope = scope;
    const ask = (domain: Domain, register: boolean, time: number): void => {
      if (register && node.onTimer === undefined) throw usage(context, "it registers a timer but has no onTimer; add one");
      if (!isTime(time)) throw usage(context, `${time} is no time of a timer; give epoch milliseconds`);
      this.timerChanges.push({ domain, register, time });
    };
    this.timers = {
      register: (time) => ask("event", true, time),
      delete: (time) => ask("event", false, time),
      registerProcessing: (time) => ask("processing", true, time),
      deleteProcessing: (time) => ask("processing", false, time),
      now: () => context.clock.now(),
    };
    const give = (port: number, value: unknown, time: number): void => {
      if (!isTime(time)) throw usage(context, `${time} is no event time; give epoch milliseconds`);
      this.ports.push(port);
      this.values.push(value);
      this.times.push(time);
    };
    this.emit = (value, time = scope.time) => give(RESULTS, value, time);
    this.side = (name, value) => {
      const side = node.sides.indexOf(name);
      if (side < 0) throw usage(context, `it has no side output ${name}; declare it in sides`);
      give(side + 1, value, scope.time);
    };
  }

  get key(): Key {
    return this.#keys.table.value(this.#scope.slot);
  }

  get time(): number {
    return this.#scope.time;
  }

  begin(): void {
    if (this.timerChanges.length > 0) this.timerChanges = [];
    if (this.ports.length === 0) return;
    this.ports = [];
    this.values = [];
    this.times = [];
  }
}

function changeOf(kind: number): Call["change"] {
  const plain = kind & ~PROVISIONAL;
  return plain === BEFORE ? "before" : plain === AFTER ? "after" : plain === DELETE ? "delete" : "insert";
}

function usage(context: OperatorContext, message: string): MillraceError {
  return new MillraceError("MILLRACE_USAGE", context.subject, message);
}
