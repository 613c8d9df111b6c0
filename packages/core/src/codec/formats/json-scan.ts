import { utf8Next } from "./utf8-scan.ts";

/**
 * A scanner of one line of JSON (RFC 8259) over bytes. Every function takes the offset where its
 * thing starts and returns the offset after it, or one of the negative codes below. The caller makes
 * sure that a line feed follows: no function reads past it, and it is no whitespace here.
 */
export const NOT_JSON = -1;
export const NOT_UTF8 = -2;
export const LONE_SURROGATE = -3;
export const TOO_DEEP = -4;

/** Containers within containers that a line may have, the outer object included. */
export const MAX_DEPTH = 1000;

const LF = 10, QUOTE = 34, COMMA = 44, MINUS = 45, COLON = 58, OPEN_ARRAY = 91, BACKSLASH = 92, OPEN_OBJECT = 123;

/** 1 for the bytes of a string that stand for themselves: ASCII but for controls, quote and backslash. */
export const PLAIN: Uint8Array = new Uint8Array(256).fill(1, 32, 128);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

export function skipSpace(bytes: Uint8Array, i: number): number {
  let c = bytes[i];
  while (c === 32 || c === 9 || c === 13) c = bytes[++i];
  return i;
}

/** `i` is after the opening quote; the result is after the closing one. */
export function skipString(bytes: Uint8Array, i: number): number {
  for (;;) {
    let c = bytes[i];
    while (PLAIN[c] === 1) c = bytes[++i];
    if (c === QUOTE) return i + 1;
    if (c >= 0x80) {
      i = utf8Next(bytes, i);
      if (i < 0) return NOT_UTF8;
    } else if (c === BACKSLASH) {
      i = skipEscape(bytes, i + 1);
      if (i < 0) return i;
    } else {
      return NOT_JSON;
    }
  }
}

export function skipNumber(bytes: Uint8Array, i: number): number {
  let c = bytes[i];
  if (c === MINUS) c = bytes[++i];
  if (c === 48) c = bytes[++i];
  else if (c > 48 && c <= 57) {
    do c = bytes[++i];
    while (c >= 48 && c <= 57);
  } else return NOT_JSON;
  if (c === 46) {
    c = bytes[++i];
    if (c < 48 || c > 57) return NOT_JSON;
    do c = bytes[++i];
    while (c >= 48 && c <= 57);
  }
  if (c === 101 || c === 69) {
    c = bytes[++i];
    if (c === 43 || c === MINUS) c = bytes[++i];
    if (c < 48 || c > 57) return NOT_JSON;
    do c = bytes[++i];
    while (c >= 48 && c <= 57);
  }
  return i;
}

/** Any value but an object or array. */
export function skipScalar(bytes: Uint8Array, i: number): number {
  const c = bytes[i];
  if (c === QUOTE) return skipString(bytes, i + 1);
  if (c === 116) return bytes[i + 1] === 114 && bytes[i + 2] === 117 && bytes[i + 3] === 101 ? i + 4 : NOT_JSON;
  if (c === 102) {
    return bytes[i + 1] === 97 && bytes[i + 2] === 108 && bytes[i + 3] === 115 && bytes[i + 4] === 101 ? i + 5 : NOT_JSON;
  }
  if (c === 110) return bytes[i + 1] === 117 && bytes[i + 2] === 108 && bytes[i + 3] === 108 ? i + 4 : NOT_JSON;
  return skipNumber(bytes, i);
}

/**
 * Any value, checked in full. `stack` is scratch space of MAX_DEPTH bytes, of which the first
 * `depth` stand for the containers around this value.
 */
export function skipValue(bytes: Uint8Array, i: number, stack: Uint8Array, depth: number): number {
  const first = bytes[i];
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return skipScalar(bytes, i);
  const base = depth;
  for (;;) {
    const opener = bytes[i];
    if (opener === OPEN_OBJECT || opener === OPEN_ARRAY) {
      if (depth >= stack.length) return TOO_DEEP;
      stack[depth++] = opener;
      i = skipSpace(bytes, i + 1);
      if (bytes[i] !== opener + 2) {
        if (opener === OPEN_OBJECT && (i = skipKey(bytes, i)) < 0) return i;
        continue;
      }
      depth--;
      i++;
    } else {
      i = skipScalar(bytes, i);
      if (i < 0) return i;
    }
    for (;;) {
      if (depth === base) return i;
      i = skipSpace(bytes, i);
      const c = bytes[i];
      const container = stack[depth - 1];
      if (c === COMMA) {
        i = skipSpace(bytes, i + 1);
        if (container === OPEN_OBJECT && (i = skipKey(bytes, i)) < 0) return i;
        break;
      }
      if (c !== container + 2) return NOT_JSON;
      depth--;
      i++;
    }
  }
}

/**
 * Writes what the string in `bytes[start, end)` (without its quotes, checked by `skipString`) stands
 * for as UTF-8 at `at`, and returns the offset after it. It is never longer than its source.
 */
export function unescapeInto(bytes: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  for (let i = start; i < end; ) {
    let c = bytes[i++];
    if (c === BACKSLASH) {
      c = bytes[i++];
      if (c === 117) {
        let code = hex4(bytes, i);
        i += 4;
        if (code >= 0xd800 && code < 0xdc00) {
          code = 0x10000 + ((code - 0xd800) << 10) + (hex4(bytes, i + 2) - 0xdc00);
          i += 6;
        }
        at = putCodePoint(code, target, at);
        continue;
      }
      c = c === 98 ? 8 : c === 102 ? 12 : c === 110 ? LF : c === 114 ? 13 : c === 116 ? 9 : c;
    }
    target[at++] = c;
  }
  return at;
}

/** `i` is at the key's opening quote; the result is at its value. */
function skipKey(bytes: Uint8Array, i: number): number {
  if (bytes[i] !== QUOTE) return NOT_JSON;
  i = skipString(bytes, i + 1);
  if (i < 0) return i;
  i = skipSpace(bytes, i);
  return bytes[i] === COLON ? skipSpace(bytes, i + 1) : NOT_JSON;
}

/** `i` is after the backslash. */
function skipEscape(bytes: Uint8Array, i: number): number {
  const c = bytes[i];
  if (c === 117) {
    const code = hex4(bytes, i + 1);
    if (code < 0) return NOT_JSON;
    if (code < 0xd800 || code > 0xdfff) return i + 5;
    if (code > 0xdbff) return LONE_SURROGATE;
    if (bytes[i + 5] !== BACKSLASH || bytes[i + 6] !== 117) return LONE_SURROGATE;
    const low = hex4(bytes, i + 7);
    if (low < 0) return NOT_JSON;
    return low >= 0xdc00 && low <= 0xdfff ? i + 11 : LONE_SURROGATE;
  }
  const known = c === QUOTE || c === BACKSLASH || c === 47 || c === 98 || c === 102 || c === 110 || c === 114 || c === 116;
  return known ? i + 1 : NOT_JSON;
}

function hex4(bytes: Uint8Array, i: number): number {
  let code = 0;
  for (const last = i + 4; i < last; i++) {
    const c = bytes[i];
    const lower = c | 32;
    if (c >= 48 && c <= 57) code = code * 16 + c - 48;
    else if (lower >= 97 && lower <= 102) code = code * 16 + lower - 87;
    else return -1;
  }
  return code;
}

function putCodePoint(code: number, target: Uint8Array, at: number): number {
  if (code < 0x80) {
    target[at++] = code;
  } else if (code < 0x800) {
    target[at++] = 0xc0 | (code >> 6);
    target[at++] = 0x80 | (code & 63);
  } else if (code < 0x10000) {
    target[at++] = 0xe0 | (code >> 12);
    target[at++] = 0x80 | ((code >> 6) & 63);
    target[at++] = 0x80 | (code & 63);
  } else {
    target[at++] = 0xf0 | (code >> 18);
    target[at++] = 0x80 | ((code >> 12) & 63);
    target[at++] = 0x80 | ((code >> 6) & 63);
    target[at++] = 0x80 | (code & 63);
  }
  return at;
}
