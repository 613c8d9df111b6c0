import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodeValues, encodeValues } from "../codec/values.ts";
import { MillraceError } from "../errors.ts";

const FORMAT = 1;
const ILL_FORMED = 8;

export type Scalar = string | number | boolean | bigint | null;

/**
 * Exact set of scalars for counting the different ones: mergeable, memory grows with them. The
 * types are kept apart (1, "1" and 1n are three values); 0 and -0 are one, and so are all NaN.
 */
export class ExactDistinct {
  readonly #values = new Set<Scalar>();

  get count(): number {
    return this.#values.size;
  }

  add(value: Scalar): void {
    this.#values.add(value);
  }

  has(value: Scalar): boolean {
    return this.#values.has(value);
  }

  /** Adds all that `other` holds, which stays as it is. */
  merge(other: ExactDistinct): void {
    for (const value of other.#values) this.#values.add(value);
  }

  /** Equal sets encode to equal bytes. */
  encode(writer: ByteWriter): void {
    const numbers: number[] = [];
    const strings: string[] = [];
    /** Strings with lone surrogates, which UTF-8 cannot hold. */
    const illFormed: string[] = [];
    const bigints: bigint[] = [];
    let others = 0;
    for (const value of this.#values) {
      if (typeof value === "number") numbers.push(value);
      else if (typeof value === "string") (value.isWellFormed() ? strings : illFormed).push(value);
      else if (typeof value === "bigint") bigints.push(value);
      else others |= value === null ? 1 : value ? 2 : 4;
    }
    writer.u8(FORMAT);
    writer.u8(others | (illFormed.length > 0 ? ILL_FORMED : 0));
    writer.varint(numbers.length);
    writer.f64Array(Float64Array.from(numbers).sort());
    writer.varint(strings.length);
    for (const text of strings.sort()) writer.string(text);
    writer.varint(bigints.length);
    for (const value of bigints.sort((a, b) => (a < b ? -1 : 1))) writer.string(value.toString());
    if (illFormed.length === 0) return;
    writer.varint(illFormed.length);
    encodeValues(illFormed.sort(), writer);
  }

  /**
   * Throws MILLRACE_STATE_MISMATCH for another version's format, MILLRACE_STORE_CORRUPT for bytes
   * that `encode` did not write.
   */
  static decode(reader: ByteReader): ExactDistinct {
    const format = reader.u8();
    if (format !== FORMAT) throw new MillraceError("MILLRACE_STATE_MISMATCH", "exact distinct", `format ${format} is not known; this version reads ${FORMAT}`);
    const set = new ExactDistinct();
    const others = reader.u8();
    if (others & 1) set.add(null);
    if (others & 2) set.add(true);
    if (others & 4) set.add(false);
    for (const value of reader.f64Array(reader.count(8))) set.add(value);
    for (let left = reader.count(); left > 0; left--) set.add(reader.string());
    for (let left = reader.count(); left > 0; left--) set.add(readBigInt(reader));
    if (others & ILL_FORMED) for (const text of decodeValues(reader, reader.count())) set.add(text as string);
    return set;
  }
}

function readBigInt(reader: ByteReader): bigint {
  const text = reader.string();
  return /^-?\d+$/.test(text) ? BigInt(text) : reader.fail("an integer has other characters than digits");
}
