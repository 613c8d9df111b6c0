import { decodeUtf8 } from "../utf8.ts";
import { skipNumber } from "./json-scan.ts";

/**
 * Decimal text to the nearest double, exactly as Number() reads it. A mantissa of up to 15 digits
 * and a power of ten of up to 22 are both exact doubles, so that one multiplication or division
 * rounds once (Clinger, "How to read floating point numbers accurately", 1990); the rest goes to Number().
 */

/** Reads the JSON number at `i` into `values[row]`; returns the offset after it, or -1 where there is none. */
export function readJsonNumber(bytes: Uint8Array, i: number, values: Float64Array, row: number): number {
  const start = i;
  let c = bytes[i];
  const negative = c === 45;
  if (negative) c = bytes[++i];
  const first = i;
  let mantissa = c - 48;
  if (mantissa === 0) {
    c = bytes[++i];
    if (c >= 48 && c <= 57) return -1;
  } else {
    if (mantissa < 0 || mantissa > 9) return -1;
    c = bytes[++i];
    while (c >= 48 && c <= 57) {
      mantissa = mantissa * 10 + (c - 48);
      c = bytes[++i];
    }
  }
  let digits = i - first;
  if (c === 46) {
    const point = i;
    c = bytes[++i];
    if (c < 48 || c > 57) return -1;
    do {
      mantissa = mantissa * 10 + (c - 48);
      c = bytes[++i];
    } while (c >= 48 && c <= 57);
    const scale = i - point - 1;
    digits += scale;
    if (digits <= 15) mantissa /= POWERS[scale];
  }
  if (digits > 15 || c === 101 || c === 69) {
    i = skipNumber(bytes, start);
    if (i < 0) return -1;
    values[row] = Number(decodeUtf8(bytes, start, i));
    return i;
  }
  values[row] = negative ? -mantissa : mantissa;
  return i;
}

/**
 * Reads the whole of `bytes[start, end)` as a decimal number into `values[row]`: an optional sign,
 * digits with at most one point, an optional exponent; leading zeros are allowed, spaces are not.
 */
export function readDecimal(bytes: Uint8Array, start: number, end: number, values: Float64Array, row: number): boolean {
  let i = start;
  let c = i < end ? bytes[i] : 0;
  const negative = c === 45;
  if (negative || c === 43) c = ++i < end ? bytes[i] : 0;
  const first = i;
  let mantissa = 0;
  let point = -1;
  for (;;) {
    if (c >= 48 && c <= 57) mantissa = mantissa * 10 + (c - 48);
    else if (c === 46 && point < 0) point = i;
    else break;
    c = ++i < end ? bytes[i] : 0;
  }
  const digits = i - first - (point < 0 ? 0 : 1);
  if (digits === 0) return false;
  const last = i;
  if (c === 101 || c === 69) {
    c = ++i < end ? bytes[i] : 0;
    if (c === 43 || c === 45) c = ++i < end ? bytes[i] : 0;
    if (c < 48 || c > 57) return false;
    while (c >= 48 && c <= 57) c = ++i < end ? bytes[i] : 0;
  }
  if (i !== end) return false;
  if (digits <= 15 && last === end) {
    if (point >= 0) mantissa /= POWERS[last - point - 1];
    values[row] = negative ? -mantissa : mantissa;
  } else {
    values[row] = Number(decodeUtf8(bytes, start, end));
  }
  return true;
}

const POWERS = Float64Array.of(1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15);
