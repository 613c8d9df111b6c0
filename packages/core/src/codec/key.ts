import type { Key, Scalar } from "../contracts/batch.ts";
import { MillraceError } from "../errors.ts";
import { ByteWriter } from "./bytes.ts";
import { murmur2OfNine } from "./murmur2.ts";
import { decodeUtf8Checked } from "./utf8.ts";

/*
 * A string is its plain UTF-8, so that it has Kafka's partition. Everything else starts with a
 * byte that no UTF-8 has: the order of bytes is then strings (by code point) < null < false < true
 * < numbers (by value) < bigints (by value) < tuples (element by element, a prefix first).
 * Within a tuple a string follows TAG_STRING, its zero bytes are escaped as 00 FF, and 00 ends it,
 * as in the tuple layer of FoundationDB.
 */

/** Bytes from this one on start no string key. */
export const FIRST_TAG = 0xf7;
/** First byte of a number's encoding, which is 9 bytes long. */
export const TAG_NUMBER = 0xfb;
export const NUMBER_KEY_BYTES = 9;

/**
 * Appends the bytes of a key: equal keys have equal bytes (-0 equals 0), different keys different
 * ones, and memcmp on them is the order above; a number and a bigint are never equal. Throws
 * MILLRACE_SCHEMA for NaN, infinities, ill-formed strings, bigints above 2,032 bits and anything
 * that is no scalar or flat tuple of scalars.
 */
export function encodeKey(key: Key, writer: ByteWriter): void {
  if (typeof key === "string") {
    if (!key.isWellFormed()) refuse("a string with a lone surrogate");
    writer.utf8(key);
  } else if (Array.isArray(key)) {
    writer.u8(TAG_TUPLE);
    for (let i = 0; i < key.length; i++) encodeElement(key[i] as Scalar, writer);
  } else {
    encodeElement(key as Scalar, writer);
  }
}

/** The hash of a finite number's encoding, which is not written anywhere for it. */
export function numberKeyHash(value: number): number {
  placeNumber(value);
  const high = placed[0];
  const low = placed[1];
  const first = TAG_NUMBER | ((high >>> 24) << 8) | (((high >>> 16) & 0xff) << 16) | (((high >>> 8) & 0xff) << 24);
  const second = (high & 0xff) | ((low >>> 24) << 8) | (((low >>> 16) & 0xff) << 16) | (((low >>> 8) & 0xff) << 24);
  return murmur2OfNine(first, second, low & 0xff) & 0x7fffffff;
}

/** The key of `bytes[start, end)`; a tuple is frozen. Throws MILLRACE_DECODE where they are no key's encoding. */
export function decodeKey(bytes: Uint8Array, start: number, end: number): Key {
  if (start === end || bytes[start] < TAG_STRING) return decodeUtf8Checked(bytes, start, end) ?? malformed("is not well-formed UTF-8");
  if (bytes[start] === TAG_STRING) return malformed("starts with a tag that only elements of tuples have");
  const cursor = { at: start };
  if (bytes[start] !== TAG_TUPLE) {
    const scalar = decodeElement(bytes, cursor, end);
    return cursor.at === end ? scalar : malformed("is longer than its value");
  }
  cursor.at++;
  const tuple: Scalar[] = [];
  while (cursor.at < end) tuple.push(decodeElement(bytes, cursor, end));
  return Object.freeze(tuple);
}

/** A key's bytes in a new array. */
export function keyBytes(key: Key): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(32);
  encodeKey(key, writer);
  return writer.take();
}

/** A string that is the same for the same bytes and differs for others: one character a byte. */
export function identityOf(bytes: Uint8Array): string {
  if (bytes.length <= LONGEST_AT_ONCE) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let identity = "";
  for (let at = 0; at < bytes.length; at += LONGEST_AT_ONCE) identity += identityOf(bytes.subarray(at, at + LONGEST_AT_ONCE));
  return identity;
}

/** memcmp: negative, zero or positive; a prefix is smaller. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i] - b[i];
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const TAG_STRING = FIRST_TAG;
const TAG_NULL = 0xf8;
const TAG_FALSE = 0xf9;
const TAG_TRUE = 0xfa;
const TAG_BIGINT_NEGATIVE = 0xfc;
const TAG_BIGINT = 0xfd;
const TAG_TUPLE = 0xfe;
const MAX_BIGINT_BYTES = 254;

const floats = new Float64Array(1);
const words = new Uint32Array(floats.buffer);

/** What `placeNumber` gives: high word, low word. */
const placed = new Int32Array(2);

const LONGEST_AT_ONCE = 8192;

function encodeElement(value: Scalar, writer: ByteWriter): void {
  switch (typeof value) {
    case "string":
      return encodeText(value, writer);
    case "number":
      return encodeNumber(value, writer);
    case "boolean":
      return writer.u8(value ? TAG_TRUE : TAG_FALSE);
    case "bigint":
      return encodeBigint(value, writer);
    default:
      if (value === null) return writer.u8(TAG_NULL);
      refuse(value === undefined ? "undefined" : typeof value === "object" ? "an object or a nested tuple" : `a ${typeof value}`);
  }
}

function encodeText(text: string, writer: ByteWriter): void {
  if (!text.isWellFormed()) refuse("a string with a lone surrogate");
  writer.u8(TAG_STRING);
  let from = 0;
  for (let zero = text.indexOf("\0"); zero >= 0; zero = text.indexOf("\0", from)) {
    writer.utf8(text.slice(from, zero));
    writer.u8(0);
    writer.u8(0xff);
    from = zero + 1;
  }
  writer.utf8(from === 0 ? text : text.slice(from));
  writer.u8(0);
}

function encodeNumber(value: number, writer: ByteWriter): void {
  if (!Number.isFinite(value)) refuse(String(value));
  placeNumber(value);
  writer.u8(TAG_NUMBER);
  writer.u32(swap(placed[0]));
  writer.u32(swap(placed[1]));
}

/** The bits of a number, high and low word, so that their order without sign is that of the numbers. */
function placeNumber(value: number): void {
  floats[0] = value + 0;
  const high = words[1];
  const low = words[0];
  if (high >>> 31 === 1) {
    placed[0] = ~high;
    placed[1] = ~low;
  } else {
    placed[0] = high ^ 0x80000000;
    placed[1] = low;
  }
}

function encodeBigint(value: bigint, writer: ByteWriter): void {
  const negative = value < 0n;
  let hex = (negative ? -value : value).toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const count = value === 0n ? 0 : hex.length / 2;
  if (count > MAX_BIGINT_BYTES) refuse("a bigint of more than 2,032 bits");
  const flip = negative ? 0xff : 0;
  writer.u8(negative ? TAG_BIGINT_NEGATIVE : TAG_BIGINT);
  writer.u8(count ^ flip);
  for (let i = 0; i < count; i++) writer.u8(Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16) ^ flip);
}

function decodeElement(bytes: Uint8Array, cursor: { at: number }, end: number): Scalar {
  const tag = bytes[cursor.at++];
  switch (tag) {
    case TAG_STRING:
      return decodeText(bytes, cursor, end);
    case TAG_NULL:
      return null;
    case TAG_FALSE:
      return false;
    case TAG_TRUE:
      return true;
    case TAG_NUMBER: {
      const at = cursor.at;
      cursor.at += 8;
      return cursor.at <= end ? decodeNumberKey(bytes, at - 1) : malformed("ends inside a number");
    }
    case TAG_BIGINT_NEGATIVE:
    case TAG_BIGINT:
      return decodeBigint(bytes, cursor, end, tag === TAG_BIGINT_NEGATIVE);
    default:
      return malformed(`has the unknown tag ${tag}`);
  }
}

/** The number whose 9-byte encoding starts at `at`. Throws MILLRACE_DECODE if no finite number is encoded so. */
export function decodeNumberKey(bytes: Uint8Array, at: number): number {
  let high = (bytes[at + 1] << 24) | (bytes[at + 2] << 16) | (bytes[at + 3] << 8) | bytes[at + 4];
  let low = (bytes[at + 5] << 24) | (bytes[at + 6] << 16) | (bytes[at + 7] << 8) | bytes[at + 8];
  if (high < 0) {
    high ^= 0x80000000;
  } else {
    high = ~high;
    low = ~low;
  }
  words[1] = high;
  words[0] = low;
  const value = floats[0];
  return Number.isFinite(value) && !Object.is(value, -0) ? value : malformed("is a number that no key can be");
}

function decodeText(bytes: Uint8Array, cursor: { at: number }, end: number): string {
  const start = cursor.at;
  let text = "";
  let from = start;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== 0) continue;
    const part = decodeUtf8Checked(bytes, from, at) ?? malformed("holds text that is not well-formed UTF-8");
    if (at + 1 < end && bytes[at + 1] === 0xff) {
      text += `${part}\0`;
      from = at + 2;
      at++;
    } else {
      cursor.at = at + 1;
      return text + part;
    }
  }
  return malformed("ends inside a string");
}

function decodeBigint(bytes: Uint8Array, cursor: { at: number }, end: number, negative: boolean): bigint {
  const flip = negative ? 0xff : 0;
  const count = cursor.at < end ? bytes[cursor.at++] ^ flip : MAX_BIGINT_BYTES + 1;
  if (count > MAX_BIGINT_BYTES || cursor.at + count > end) return malformed("ends inside a bigint");
  if (count === 0) return negative ? malformed("is a negative zero bigint") : 0n;
  let hex = "0x";
  for (let i = 0; i < count; i++) hex += (bytes[cursor.at + i] ^ flip).toString(16).padStart(2, "0");
  if ((bytes[cursor.at] ^ flip) === 0) return malformed("is a bigint with leading zeros");
  cursor.at += count;
  return negative ? -BigInt(hex) : BigInt(hex);
}

function swap(value: number): number {
  return (value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24);
}

function refuse(what: string): never {
  throw new MillraceError("MILLRACE_SCHEMA", "key", `${what} cannot be a key; use a string, finite number, boolean, bigint, null, or a flat tuple of them`);
}

function malformed(what: string): never {
  throw new MillraceError("MILLRACE_DECODE", "key", `its encoding ${what}; it was written by something else or damaged`);
}
