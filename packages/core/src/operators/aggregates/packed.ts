import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { compareBytes } from "../../codec/key.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import type { Scalar } from "../../contracts/batch.ts";
import { compareKeys } from "../keys.ts";

/**
 * A value that an accumulator holds on to: scalars as they are, a plain object of scalars as a copy,
 * anything else by its encoding.
 */
export type Packed = NonNullable<Scalar> | Flat | Uint8Array;

/** A packed value with the event time of its atom. */
export interface Kept {
  /** A copy gives way to its encoding once that is needed. */
  packed: Packed;
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
  if (typeof value !== "object" || !isPlain(value)) return encoded(value);
  const copy = value === atom ? withoutAbsent({ ...value }) : { ...value };
  return isFlat(copy) ? copy : encoded(copy);
}

/** The value, one's own. */
export function unpack(packed: Packed): unknown {
  if (packed instanceof Uint8Array) return decodeValue(new ByteReader(packed));
  return typeof packed === "object" ? { ...packed } : packed;
}

/** By event time, then by value; 0 only for what cannot be told apart. */
export function compareKept(a: Kept, b: Kept): number {
  return a.time === b.time ? compareValues(a, b) : a.time - b.time;
}

export function writeKept(kept: Kept, into: ByteWriter): void {
  into.f64(kept.time);
  const { packed } = kept;
  if (typeof packed === "object") {
    const bytes = bytesOf(kept, packed);
    into.varint(bytes.length);
    into.append(bytes);
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

type Flat = Readonly<Record<string, Scalar | undefined>>;

/** Scalars as keys are ordered, then the others by their bytes. */
function compareValues(a: Kept, b: Kept): number {
  const x = a.packed;
  const y = b.packed;
  if (typeof x === "object") return typeof y === "object" ? compareBytes(bytesOf(a, x), bytesOf(b, y)) : 1;
  if (typeof y === "object") return -1;
  return typeof x === "number" && typeof y === "number" ? compareNumbers(x, y) : compareKeys(x, y);
}

function bytesOf(kept: Kept, packed: Flat | Uint8Array): Uint8Array {
  if (packed instanceof Uint8Array) return packed;
  const bytes = encoded(packed);
  kept.packed = bytes;
  return bytes;
}

/** By value, -0 before 0, NaN last. */
function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return a === 0 ? Number(Object.is(b, -0)) - Number(Object.is(a, -0)) : 0;
  return Number(a !== a) - Number(b !== b);
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isFlat(value: Readonly<Record<string, unknown>>): value is Flat {
  for (const name in value) {
    const field = value[name];
    if (typeof field === "object" ? field !== null : typeof field === "function" || typeof field === "symbol") return false;
  }
  return true;
}

function withoutAbsent(copy: Record<string, unknown>): Record<string, unknown> {
  for (const name in copy) {
    if (copy[name] === undefined) return Object.fromEntries(Object.entries(copy).filter(([, field]) => field !== undefined));
  }
  return copy;
}

function encoded(value: unknown): Uint8Array {
  encodeValue(value, writer);
  return writer.take();
}

const writer = new ByteWriter();
