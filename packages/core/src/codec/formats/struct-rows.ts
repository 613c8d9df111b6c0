import type { Rows } from "../../contracts/batch.ts";
import type { BytesColumn, Column, FieldType, StringColumn } from "../../contracts/columns.ts";
import { MillraceError } from "../../errors.ts";

export type ColumnKind = Column["type"];

/** The names and kinds of a row's columns, in declared order. */
export interface LayoutColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** What all rows of one shape share: make it once per decoder or operator, not once per batch. */
export interface RowLayout {
  readonly columns: readonly LayoutColumn[];
  readonly index: ReadonlyMap<string, number>;
  /** The accessors of views; the same functions for every view, so that views share a hidden class. */
  readonly accessors: PropertyDescriptorMap;
  readonly make: MakeRow;
}

/** The kind of column that a field of a type lies in. */
export function columnKind(type: FieldType): ColumnKind {
  return type === "string" || type === "boolean" ? type : type === "json" ? "value" : "number";
}

/** Throws MILLRACE_USAGE where two columns have one name. `generate: false` is for hosts without `new Function`. */
export function createRowLayout(columns: readonly LayoutColumn[], options: { readonly generate?: boolean } = {}): RowLayout {
  const index = new Map(columns.map((column, i) => [column.name, i]));
  if (index.size < columns.length) {
    throw new MillraceError("MILLRACE_USAGE", "codec rows", `columns ${columns.map((column) => column.name).join(", ")} share a name; rename one`);
  }
  const accessors = Object.create(null) as PropertyDescriptorMap;
  columns.forEach((column, i) => {
    accessors[column.name] = { enumerable: true, configurable: false, get: View.getter(column.kind, i) };
  });
  const make = options.generate === false ? undefined : generatedMake(columns);
  return { columns, index, accessors, make: make ?? genericMake(columns) };
}

/** Rows that lie in columns. A row's object is made when it is asked for. */
export class StructRows implements Rows {
  readonly length: number;
  readonly columns: readonly Column[];
  readonly #layout: RowLayout;
  readonly #data: RowData;
  #view: object | undefined;

  /** `columns` are those of the layout, in its order, each of at least `length` rows. */
  constructor(layout: RowLayout, columns: readonly Column[], length: number) {
    this.#layout = layout;
    this.columns = columns;
    this.length = length;
    this.#data = rowData(columns);
  }

  get names(): readonly string[] {
    return this.#layout.columns.map((column) => column.name);
  }

  /** A new plain object with the fields in declared order; what is absent is left out. */
  get(row: number): unknown {
    return this.#layout.make(this.#data, row);
  }

  /**
   * One read-only object for all rows, whose own enumerable accessors read the columns at the row
   * that `view` was last called with; absent fields read as undefined.
   */
  view(row: number): unknown {
    const view = (this.#view ??= View.create(this.#layout, this.#data));
    View.move(view, row);
    return view;
  }

  column(field: string): Column | undefined {
    const i = this.#layout.index.get(field);
    return i === undefined ? undefined : this.columns[i];
  }
}

/** Rows that are values of any kind, already made. */
export class ObjectRows implements Rows {
  readonly values: readonly unknown[];

  constructor(values: readonly unknown[]) {
    this.values = values;
  }

  get length(): number {
    return this.values.length;
  }

  get(row: number): unknown {
    return this.values[row];
  }

  view(row: number): unknown {
    return this.values[row];
  }

  column(_field: string): undefined {
    return undefined;
  }
}

/** The column of a field, where the rows lie in columns. */
export function columnOf(rows: Rows, field: string): Column | undefined {
  return rows.column(field);
}

type MakeRow = (data: RowData, row: number) => object;

/** Columns taken apart by kind, each list indexed by column, so that every read of a list is monomorphic. */
interface RowData {
  readonly numbers: readonly Float64Array[];
  readonly booleans: readonly Uint8Array[];
  readonly strings: readonly StringColumn[];
  readonly values: readonly (readonly unknown[])[];
  readonly slices: readonly ((row: number) => Uint8Array)[];
  readonly valid: readonly Uint8Array[];
  /** Whether every row has every value. */
  readonly full: boolean;
}

/** Stands for "all rows valid": shorter than any row, it reads as undefined. */
const ALL = new Uint8Array(0);
const NO_NUMBERS = new Float64Array(0);
const NO_VALUES: readonly unknown[] = [];
const NO_SLICES = (): Uint8Array => ALL;
const NO_STRINGS: StringColumn = { type: "string", bytes: ALL, starts: new Int32Array(0), ends: new Int32Array(0), get: () => "" };

function rowData(columns: readonly Column[]): RowData {
  const numbers: Float64Array[] = [];
  const booleans: Uint8Array[] = [];
  const strings: StringColumn[] = [];
  const values: (readonly unknown[])[] = [];
  const slices: ((row: number) => Uint8Array)[] = [];
  const valid: Uint8Array[] = [];
  let full = true;
  for (const column of columns) {
    numbers.push(column.type === "number" ? column.values : NO_NUMBERS);
    booleans.push(column.type === "boolean" ? column.values : ALL);
    strings.push(column.type === "string" ? column : NO_STRINGS);
    values.push(column.type === "value" ? column.values : NO_VALUES);
    slices.push(column.type === "bytes" ? slicesOf(column) : NO_SLICES);
    const mask = column.type === "value" || column.type === "bytes" ? undefined : column.valid;
    valid.push(mask ?? ALL);
    if (mask !== undefined || column.type === "value") full = false;
  }
  return { numbers, booleans, strings, values, slices, valid, full };
}

function slicesOf({ bytes, starts, ends }: BytesColumn): (row: number) => Uint8Array {
  return (row) => bytes.slice(starts[row], ends[row]);
}

/** Makes the instances of its subclass plain objects: private state is added to what this returns. */
class Plain {
  constructor() {
    return {};
  }
}

class View extends Plain {
  readonly #data: RowData;
  #row = 0;

  private constructor(data: RowData) {
    super();
    this.#data = data;
  }

  static create(layout: RowLayout, data: RowData): object {
    return Object.preventExtensions(Object.defineProperties(new View(data), layout.accessors));
  }

  static move(view: object, row: number): void {
    (view as View).#row = row;
  }

  static getter(kind: ColumnKind, i: number): () => unknown {
    switch (kind) {
      case "number":
        return function (this: View): unknown {
          const data = this.#data, row = this.#row, valid = data.valid[i];
          return row < valid.length && valid[row] === 0 ? undefined : data.numbers[i][row];
        };
      case "boolean":
        return function (this: View): unknown {
          const data = this.#data, row = this.#row, valid = data.valid[i];
          return row < valid.length && valid[row] === 0 ? undefined : data.booleans[i][row] === 1;
        };
      case "string":
        return function (this: View): unknown {
          const data = this.#data, row = this.#row, valid = data.valid[i];
          return row < valid.length && valid[row] === 0 ? undefined : data.strings[i].get(row);
        };
      case "value":
        return function (this: View): unknown {
          return this.#data.values[i][this.#row];
        };
      case "bytes":
        return function (this: View): unknown {
          return this.#data.slices[i](this.#row);
        };
    }
  }
}

function read(data: RowData, kind: ColumnKind, i: number, row: number): unknown {
  if (kind === "value") return data.values[i][row];
  if (kind === "bytes") return data.slices[i](row);
  if (row < data.valid[i].length && data.valid[i][row] === 0) return undefined;
  return kind === "number" ? data.numbers[i][row] : kind === "string" ? data.strings[i].get(row) : data.booleans[i][row] === 1;
}

function genericMake(columns: readonly LayoutColumn[]): MakeRow {
  return (data, row) => {
    const made: Record<string, unknown> = {};
    for (let i = 0; i < columns.length; i++) {
      const value = read(data, columns[i].kind, i, row);
      if (value === undefined) continue;
      if (columns[i].name !== "__proto__") made[columns[i].name] = value;
      else Object.defineProperty(made, "__proto__", { value, enumerable: true, configurable: true, writable: true });
    }
    return made;
  };
}

/**
 * A function whose text names the fields, so that V8 makes rows as it makes literals; undefined where
 * the host forbids `new Function`.
 */
function generatedMake(columns: readonly LayoutColumn[]): MakeRow | undefined {
  if (columns.some((column) => column.name === "__proto__")) return undefined;
  const names = columns.map((column) => JSON.stringify(column.name));
  const reads = columns.map(({ kind }, i) =>
    kind === "number" ? `data.numbers[${i}][row]`
      : kind === "boolean" ? `data.booleans[${i}][row] === 1`
        : kind === "string" ? `data.strings[${i}].get(row)`
          : kind === "bytes" ? `data.slices[${i}](row)`
            : `data.values[${i}][row]`);
  const literal = names.map((name, i) => `${name}: ${reads[i]}`).join(", ");
  const steps = columns.map(({ kind }, i) =>
    kind === "value"
      ? `v = ${reads[i]}; if (v !== undefined) made[${names[i]}] = v;`
      : `v = data.valid[${i}]; if (row >= v.length || v[row] !== 0) made[${names[i]}] = ${reads[i]};`);
  const body = `"use strict";\nif (data.full) return { ${literal} };\nconst made = {};\nlet v;\n${steps.join("\n")}\nreturn made;`;
  try {
    return new Function("data", "row", body) as MakeRow;
  } catch {
    return undefined;
  }
}
