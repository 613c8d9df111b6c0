import type { NumberColumn } from "../contracts/columns.ts";
import type { DictionaryStrings } from "./columns.ts";

/** What of a KeyTable these functions use. */
interface Interning {
  internNumber(key: number): number;
  internBytes(bytes: Uint8Array, start: number, end: number): number;
}

/** `KeyTable.internColumn` for numbers. */
export function internNumbers(table: Interning, column: NumberColumn, selection: Int32Array | undefined, count: number, out: Int32Array): number {
  const { values, valid } = column;
  let without = 0;
  for (let i = 0; i < count; i++) {
    const row = selection === undefined ? i : selection[i];
    const value = values[row];
    if ((valid !== undefined && valid[row] === 0) || !Number.isFinite(value)) {
      out[row] = -1;
      without++;
    } else {
      out[row] = table.internNumber(value);
    }
  }
  return without;
}

/** `KeyTable.internColumn` for strings with a dictionary: each entry that a row has is looked up once. */
export function internDictionary(table: Interning, column: DictionaryStrings, selection: Int32Array | undefined, count: number, out: Int32Array): number {
  const { bytes, offsets, codes, valid } = column;
  const slots = new Int32Array(offsets.length).fill(-1);
  let without = 0;
  for (let i = 0; i < count; i++) {
    const row = selection === undefined ? i : selection[i];
    if (valid !== undefined && valid[row] === 0) {
      out[row] = -1;
      without++;
      continue;
    }
    const code = codes[row];
    let slot = slots[code];
    if (slot < 0) slot = slots[code] = table.internBytes(bytes, offsets[code], offsets[code + 1]);
    out[row] = slot;
  }
  return without;
}
