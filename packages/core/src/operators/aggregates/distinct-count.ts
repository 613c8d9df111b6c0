import { ByteWriter } from "../../codec/bytes.ts";
import { encodeKey } from "../../codec/key.ts";
import type { Key } from "../../contracts/batch.ts";
import { MillraceError } from "../../errors.ts";
import type { ValueAggregate } from "../../graph/aggregate.ts";
import { ExactDistinct, type Scalar } from "../../sketches/exact-distinct.ts";
import { HyperLogLog } from "../../sketches/hyper-log-log.ts";

export interface DistinctCountOptions {
  /** Keeps every different value: exact, memory grows with them. Default false: HyperLogLog. */
  readonly exact?: boolean;
  /** HyperLogLog's precision p, 4 to 18: 2^p bytes a key at most, standard error 1.04 / sqrt(2^p). Default 14: 16 KiB, 0.81%. */
  readonly precision?: number;
}

/**
 * How many different scalars or tuples of scalars there were; 0 of nothing. Types are kept apart (1,
 * "1" and 1n are three), 0 and -0 are one. Null, undefined and NaN are passed over; inside a tuple null
 * counts. The same in whatever order atoms and parts come; without `exact` it is the exact count up to
 * 2^precision / 16 different values, at most 1,024, and an estimate beyond. A tuple that could not be
 * a key throws MILLRACE_SCHEMA and makes its atom a dead letter.
 */
export function distinctCount<T>(
  input: (value: T) => Key | undefined,
  options: DistinctCountOptions = {},
): ValueAggregate<T, ExactDistinct | HyperLogLog, number> {
  return options.exact === true ? exactCount(input) : estimatedCount(input, options.precision);
}

function exactCount<T>(input: (value: T) => Key | undefined): ValueAggregate<T, ExactDistinct, number> {
  return {
    form: "value",
    name: "distinct-exact",
    input: (atom) => asScalar(input(atom)),
    init: () => new ExactDistinct(),
    add(set, value: Scalar) {
      set.add(value);
      return set;
    },
    merge(set, other) {
      set.merge(other);
      return set;
    },
    result: (set) => set.count,
    encode: (set, into) => set.encode(into),
    decode: (reader) => ExactDistinct.decode(reader),
  };
}

function estimatedCount<T>(input: (value: T) => Key | undefined, precision: number | undefined): ValueAggregate<T, HyperLogLog, number> {
  // Made once here so that a precision that cannot be is refused where it was written.
  const { precision: p } = new HyperLogLog(precision);
  return {
    form: "value",
    name: `distinct-${p}`,
    input: (atom) => asHashable(input(atom)),
    init: () => new HyperLogLog(p),
    add(sketch, value: string | number | Uint8Array) {
      if (typeof value === "string") sketch.addString(value);
      else if (typeof value === "number") sketch.addNumber(value);
      else sketch.addBytes(value);
      return sketch;
    },
    merge(sketch, other) {
      sketch.merge(other);
      return sketch;
    },
    result: (sketch) => sketch.estimate(),
    encode: (sketch, into) => sketch.encode(into),
    decode: (reader) => HyperLogLog.decode(reader),
  };
}

/** Strings and numbers as they are, the others as the bytes of a key. */
function asHashable(key: Key | undefined): string | number | Uint8Array | undefined {
  if (key === null || key === undefined || key !== key) return undefined;
  if (typeof key === "string" || typeof key === "number") return key;
  encodeKey(key, writer);
  return writer.take();
}

/**
 * A tuple as a string: its bytes as a key, which begin with TUPLE, one character a byte. No second byte
 * of a tuple is TUPLE, so a string that begins with it is told from tuples by doubling that.
 */
function asScalar(key: Key | undefined): Scalar | undefined {
  if (key === null || key === undefined || key !== key) return undefined;
  if (typeof key === "string") return (key.startsWith(TUPLE) ? TUPLE + key : key).toWellFormed();
  if (typeof key === "number" || typeof key === "boolean" || typeof key === "bigint") return key;
  if (!Array.isArray(key)) throw new MillraceError("MILLRACE_SCHEMA", "aggregate distinctCount", `its closure gave a ${typeof key}; count scalars or tuples of scalars`);
  encodeKey(key, writer);
  let text = "";
  for (const byte of writer.take()) text += String.fromCharCode(byte);
  return text;
}

const TUPLE = "\u00fe";
const writer = new ByteWriter();
