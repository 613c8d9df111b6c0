import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { bytesColumn, numberColumn } from "../../codec/columns.ts";
import { createRowLayout, StructRows, type LayoutColumn, type RowLayout } from "../../codec/formats/struct-rows.ts";
import type { Batch, Rows } from "../../contracts/batch.ts";
import type { BytesColumn, Column } from "../../contracts/columns.ts";
import { MillraceError } from "../../errors.ts";
import type { KeySpace } from "../state/key-space.ts";
import { isCustom, type Part } from "./layout.ts";
import type { Slice } from "./slice.ts";

/** The columns of partial accumulators: a number column for each number, a column of bytes for a value. */
export function partialLayout(parts: readonly Part[]): RowLayout {
  return createRowLayout(
    parts.flatMap((part, p): LayoutColumn[] =>
      part.form === "value"
        ? [{ name: columnName(p, part.aggregate.version ?? 1), kind: "bytes" }]
        : Array.from({ length: part.aggregate.width }, (_, w): LayoutColumn => ({ name: `${p}.${w}`, kind: "number" })),
    ),
  );
}

/**
 * Partial accumulators on their way across an exchange. Such a batch has a row per key and slice,
 * with the slice's start as its time and its first window's end as its stamp: they were judged where
 * they were combined. Numeric accumulators are columns of numbers, others bytes.
 */
export function partialBatch(slice: Slice, parts: readonly Part[], layout: RowLayout, keys: KeySpace | undefined): Batch {
  const { count } = slice;
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  return {
    count,
    selection: undefined,
    rows: new StructRows(layout, accumulatorColumns(slice, rows, parts), count),
    times: new Float64Array(count).fill(slice.start),
    stamps: new Float64Array(count).fill(slice.minEnd),
    kinds: undefined,
    keys: keys === undefined ? undefined : { table: keys.table, slots: slice.slots.subarray(0, count) },
  };
}

/** Accumulators by part, then by row: `width` numbers a row, or a value. */
export interface Accumulators {
  readonly numbers: readonly (Float64Array | undefined)[];
  readonly values: readonly (unknown[] | undefined)[];
}

/** The columns of the accumulators of some rows, in the order of `partialLayout`. */
export function accumulatorColumns(from: Accumulators, rows: Int32Array, parts: readonly Part[]): Column[] {
  const columns: Column[] = [];
  for (const [p, part] of parts.entries()) {
    if (part.form === "numeric") {
      const { width } = part.aggregate;
      const numbers = from.numbers[p] as Float64Array;
      for (let w = 0; w < width; w++) {
        const values = new Float64Array(rows.length);
        for (let i = 0; i < rows.length; i++) values[i] = numbers[rows[i] * width + w];
        columns.push(numberColumn(values));
      }
    } else {
      const accumulators = from.values[p] as unknown[];
      const writer = new ByteWriter(rows.length * 16);
      const starts = new Int32Array(rows.length);
      const ends = new Int32Array(rows.length);
      for (let i = 0; i < rows.length; i++) {
        starts[i] = writer.length;
        part.aggregate.encode(accumulators[rows[i]], writer);
        ends[i] = writer.length;
      }
      columns.push(bytesColumn(writer.bytes(), starts, ends));
    }
  }
  return columns;
}

/** The accumulators of a partial batch, by aggregate: numbers interleaved as in a slice, or bytes with a reader of them. */
export type PartialColumns = readonly (Float64Array | EncodedColumn)[];

interface EncodedColumn {
  readonly column: BytesColumn;
  readonly reader: ByteReader;
  /** The version that wrote it. */
  readonly version: number;
}

export function partialColumns(rows: Rows, parts: readonly Part[]): PartialColumns {
  return parts.map((part, p) => {
    if (part.form === "value") {
      for (let version = part.aggregate.version ?? 1; version >= 1; version--) {
        const column = rows.column(columnName(p, version));
        if (column?.type === "bytes") return { column, version, reader: new ByteReader(column.bytes) };
        if (part.migrate === undefined) break;
      }
      throw mismatch(part);
    }
    const { width } = part.aggregate;
    const together = new Float64Array(rows.length * width);
    for (let w = 0; w < width; w++) {
      const column = rows.column(`${p}.${w}`);
      if (column?.type !== "number") throw mismatch(part);
      for (let row = 0; row < rows.length; row++) together[row * width + w] = column.values[row];
    }
    return together;
  });
}

/** Merges row `from` of partial columns into a row of accumulators, users' own first: where one throws no other has changed. */
export function mergePartials(slice: Accumulators, row: number, columns: PartialColumns, from: number, parts: readonly Part[]): void {
  for (let p = 0; p < parts.length; p++) if (isCustom(parts[p])) mergePartial(slice, row, columns, from, parts[p], p);
  for (let p = 0; p < parts.length; p++) if (!isCustom(parts[p])) mergePartial(slice, row, columns, from, parts[p], p);
}

function mergePartial(slice: Accumulators, row: number, columns: PartialColumns, from: number, part: Part, p: number): void {
  if (part.form === "numeric") {
    const { width } = part.aggregate;
    part.aggregate.merge(slice.numbers[p] as Float64Array, row * width, columns[p] as Float64Array, from * width);
    return;
  }
  const { aggregate } = part;
  const values = slice.values[p] as unknown[];
  const { column, reader, version } = columns[p] as EncodedColumn;
  reader.moveTo(column.starts[from], column.ends[from]);
  if (part.migrate !== undefined && version !== (aggregate.version ?? 1)) {
    values[row] = aggregate.merge(values[row], part.migrate(aggregate.decode(reader), version));
    return;
  }
  values[row] = aggregate.mergeEncoded === undefined ? aggregate.merge(values[row], aggregate.decode(reader)) : aggregate.mergeEncoded(values[row], reader);
}

/** The version goes with the bytes, as partial accumulators may be on their way while the code is replaced. */
function columnName(p: number, version: number): string {
  return version === 1 ? `${p}` : `${p}@${version}`;
}

/** A batch that is on its way is not what a part takes. */
export function mismatch(part: Part): MillraceError {
  return new MillraceError(
    "MILLRACE_STATE_MISMATCH",
    `aggregate ${part.name}`,
    "a batch on its way was written by another version of the workflow; finish it with the old version first",
  );
}
