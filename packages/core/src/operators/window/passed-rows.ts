import { numberColumn, valueColumn } from "../../codec/columns.ts";
import { createRowLayout, StructRows, type RowLayout } from "../../codec/formats/struct-rows.ts";
import type { Batch, Rows } from "../../contracts/batch.ts";
import type { Column } from "../../contracts/columns.ts";
import type { KeySpace } from "../state/key-space.ts";
import type { WindowInputs } from "./inputs.ts";
import { isCustom, takesNumbers, type Part } from "./layout.ts";
import { mismatch } from "./partials.ts";

/**
 * Rows on their way across an exchange to where windows are merged, not combined: what the aggregates
 * take of each, with its own time and stamp. They were judged where they come from. A column serves
 * all aggregates that take the same; its name says which: `+0,1`.
 */
export class PassedRows {
  readonly #parts: readonly Part[];
  readonly #keys: KeySpace | undefined;
  readonly #layouts = new Map<string, RowLayout>();
  /** Whether rows can be sent like this: users' own aggregates take whole values, and may throw. */
  #possible: boolean;

  constructor(parts: readonly Part[], keys: KeySpace | undefined) {
    this.#parts = parts;
    this.#keys = keys;
    this.#possible = !parts.some(isCustom);
  }

  /** The batch of rows of which the inputs were read; undefined where they must be combined. `slots` are the keys of the rows that are selected. */
  batch(inputs: WindowInputs, from: Batch, slots: Int32Array): Batch | undefined {
    if (!this.#possible) return undefined;
    const { count } = from;
    const columns: Column[] = [];
    const names: string[] = [];
    for (const [p, part] of this.#parts.entries()) {
      if (part.form === "numeric" && part.input === undefined) continue;
      const column = takesNumbers(part) ? numbersOf(inputs.numbers[p], count) : columnOf(inputs.values[p], count);
      if (column === undefined) {
        this.#possible = false;
        return undefined;
      }
      const same = columns.findIndex((other) => isSame(column, other));
      if (same >= 0) {
        names[same] += `,${p}`;
      } else {
        names.push(`${MARK}${p}`);
        columns.push(column);
      }
    }
    if (columns.length === 0) {
      names.push(MARK);
      columns.push(numberColumn(new Float64Array(count)));
    }
    return {
      count,
      selection: undefined,
      rows: new StructRows(this.#layout(names, columns), columns, count),
      times: selected(from.times, from),
      stamps: selected(from.stamps, from),
      kinds: undefined,
      keys: this.#keys === undefined ? undefined : { table: this.#keys.table, slots: slots.slice(0, count) },
    };
  }

  /** Whether rows are such, and not partial accumulators. */
  holds(rows: Rows): rows is StructRows {
    return rows instanceof StructRows && rows.names.length > 0 && rows.names[0].startsWith(MARK);
  }

  /** Puts into `inputs` what aggregates take of a batch of such rows. Throws MILLRACE_STATE_MISMATCH where one finds nothing of its own. */
  read(batch: Batch, rows: StructRows, inputs: WindowInputs): void {
    const { length } = rows;
    inputs.reserve(length);
    const columns: (Column | undefined)[] = [];
    rows.names.forEach((name, c) => {
      if (name !== MARK) for (const p of name.slice(MARK.length).split(",")) columns[Number(p)] = rows.columns[c];
    });
    for (const [p, part] of this.#parts.entries()) {
      if (part.form === "numeric" && part.input === undefined) {
        inputs.numbers[p].fill(1, 0, length);
        continue;
      }
      const column = columns[p];
      if (column?.type === "number" && takesNumbers(part)) readNumbers(column.values, column.valid, inputs.numbers[p]);
      else if (column?.type === "number") inputs.values[p] = valuesOf(column.values, column.valid);
      else if (column?.type === "value" && !takesNumbers(part)) inputs.values[p] = [...column.values];
      else throw mismatch(part);
    }
    if (batch.selection !== undefined) inputs.gather(batch.selection, batch.count);
  }

  #layout(names: readonly string[], columns: readonly Column[]): RowLayout {
    const shape = names.map((name, c) => `${name}:${columns[c].type}`).join(";");
    let layout = this.#layouts.get(shape);
    if (layout === undefined) this.#layouts.set(shape, (layout = createRowLayout(names.map((name, c) => ({ name, kind: columns[c].type })))));
    return layout;
  }
}

const MARK = "+";

/** NaN is nothing to add. */
function numbersOf(numbers: Float64Array, count: number): Column {
  const values = numbers.slice(0, count);
  let valid: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    if (values[i] === values[i]) continue;
    valid ??= new Uint8Array(count).fill(1);
    valid[i] = 0;
    values[i] = 0;
  }
  return numberColumn(values, valid);
}

/** A column of scalars, of numbers where all are; undefined where one is something else. */
function columnOf(inputs: readonly unknown[], count: number): Column | undefined {
  const values = new Float64Array(count);
  let valid: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    const input = inputs[i];
    if (typeof input === "number" && input === input) {
      values[i] = input;
    } else if (input === undefined || input === null) {
      valid ??= new Uint8Array(count).fill(1);
      valid[i] = 0;
    } else {
      return inputs.slice(0, count).every((other) => typeof other !== "object" || other === null) ? valueColumn(inputs.slice(0, count)) : undefined;
    }
  }
  return numberColumn(values, valid);
}

function isSame(a: Column, b: Column): boolean {
  if (a.type !== "number" || b.type !== "number" || (a.valid === undefined) !== (b.valid === undefined)) return false;
  for (let i = 0; i < a.values.length; i++) if (!Object.is(a.values[i], b.values[i]) || a.valid?.[i] !== b.valid?.[i]) return false;
  return true;
}

function readNumbers(values: Float64Array, valid: Uint8Array | undefined, into: Float64Array): void {
  into.set(values);
  if (valid !== undefined) for (let row = 0; row < values.length; row++) if (valid[row] === 0) into[row] = Number.NaN;
}

function valuesOf(values: Float64Array, valid: Uint8Array | undefined): unknown[] {
  const inputs: unknown[] = Array.from(values);
  if (valid !== undefined) for (let row = 0; row < values.length; row++) if (valid[row] === 0) inputs[row] = undefined;
  return inputs;
}

function selected(values: Float64Array, { selection, count }: Batch): Float64Array {
  if (selection === undefined) return values.subarray(0, count);
  const dense = new Float64Array(count);
  for (let i = 0; i < count; i++) dense[i] = values[selection[i]];
  return dense;
}
