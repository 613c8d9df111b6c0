import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { compareBytes } from "../../codec/key.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import type { Scalar } from "../../contracts/batch.ts";
import { compareKeys } from "../keys.ts";

/** A value that an accumulator holds on to: scalars as they are, anything else by its encoding. */
export type Packed = NonNullable<Scalar> | Uint8Array;

/** A packed value with the event time of its atom. */
export interface Kept {
  readonly packed: Packed;
  readonly time: number;
}

/**
 * Packs what a closure gave for an atom: undefined for null and undefined. The closure may have been
 * given a view, which is only good now; packing reads it. Fields of the atom itself that are undefined are
 * left out. Throws MILLRACE_SCHEMA for what cannot be stored, so that the atom becomes a dead letter.
 */
export function pack(value: unknown, atom: unknown): Packed | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return value;
  encodeValue(value === atom ? withoutAbsent(value) : value, writer);
  return writer.take();
}

/** The value, one's own. */
export function unpack(packed: Packed): unknown {
  return packed instanceof Uint8Array ? decodeValue(new ByteReader(packed)) : packed;
}

/** By event time, then by value; 0 only for what cannot be told apart. */
export function compareKept(a: Kept, b: Kept): number {
  return a.time === b.time ? comparePacked(a.packed, b.packed) : a.time - b.time;
}

export function writeKept(kept: Kept, into: ByteWriter): void {
  into.f64(kept.time);
  const { packed } = kept;
  if (packed instanceof Uint8Array) {
    into.varint(packed.length);
    into.append(packed);
  } else {
    into.varint(0);
    encodeValue(packed, into);
  }
}

export function readKept(reader: ByteReader): Kept {
  const time = reader.f64();
  const length = reader.varint();
  if (length > 0) return { time, packed: reader.bytes(length).slice() };
  return { time, packed: decodeValue(reader) as Packed };
}

/** Scalars as keys are ordered, then the others by their bytes. */
function comparePacked(a: Packed, b: Packed): number {
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? compareBytes(a, b) : 1;
  if (b instanceof Uint8Array) return -1;
  return typeof a === "number" && typeof b === "number" ? compareNumbers(a, b) : compareKeys(a, b);
}

/** By value, -0 before 0, NaN last. */
function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return a === 0 ? Number(Object.is(b, -0)) - Number(Object.is(a, -0)) : 0;
  return Number(a !== a) - Number(b !== b);
}

function withoutAbsent(value: object): object {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}

const writer = new ByteWriter();
