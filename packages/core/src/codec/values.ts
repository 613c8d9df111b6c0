import { MillraceError } from "../errors.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { ValueDecoder } from "./value-decoder.ts";
import { ValueEncoder, ValueRefused, whyRefused } from "./value-encoder.ts";

/**
 * Appends any immutable value: undefined, null, booleans, every number and string as it is, bigint,
 * Date, Map, Set, ArrayBuffer, typed arrays, arrays, plain objects (their own enumerable string
 * keys). Throws MILLRACE_SCHEMA, naming the path, for functions, symbols, instances of other
 * classes, and what is circular or nested deeper than 500 levels; nothing is written then. Objects
 * lose a null prototype, arrays their holes (undefined), and shared references become copies.
 */
export function encodeValue(value: unknown, writer: ByteWriter): void {
  const mark = writer.length;
  try {
    new ValueEncoder(writer).write(value, 0);
  } catch (error) {
    writer.reset(mark);
    throw explained(error, value);
  }
}

/** Like `encodeValue` for each value in turn; equal-shaped objects say their keys once for all of them. */
export function encodeValues(values: readonly unknown[], writer: ByteWriter): void {
  const mark = writer.length;
  try {
    const encoder = new ValueEncoder(writer);
    for (let i = 0; i < values.length; i++) encoder.write(values[i], 0);
  } catch (error) {
    writer.reset(mark);
    throw explained(error, values);
  }
}

/** Reads what `encodeValue` wrote. Throws MILLRACE_STORE_CORRUPT for anything else. */
export function decodeValue(reader: ByteReader): unknown {
  return new ValueDecoder(reader).read(0);
}

/** Reads what `encodeValues` wrote of `count` values. Throws MILLRACE_STORE_CORRUPT for anything else. */
export function decodeValues(reader: ByteReader, count: number): unknown[] {
  if (count > reader.remaining) reader.fail(`${count} values are wanted`);
  const decoder = new ValueDecoder(reader);
  const values = new Array<unknown>(count);
  for (let i = 0; i < count; i++) values[i] = decoder.read(0);
  return values;
}

function explained(error: unknown, root: unknown): unknown {
  if (!(error instanceof ValueRefused)) return error;
  const { path, why } = whyRefused(root);
  return new MillraceError("MILLRACE_SCHEMA", `value ${path}`, `${why} cannot be stored or sent; use plain data`);
}
