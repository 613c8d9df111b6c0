/**
 * UTF-8 without the fixed cost of TextEncoder and TextDecoder on short ASCII strings, which most
 * strings in events are. Longer and non-ASCII text goes to the platform's coder.
 */

/**
 * The string of well-formed UTF-8 in `bytes[start, end)`. A byte order mark is kept as a character.
 * Bytes that are not well formed decode to U+FFFD: check them first where they come from outside.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length <= SHORT) {
    const text = decodeShortAscii(bytes, start, length);
    if (text !== undefined) return text;
  }
  return decoder.decode(bytes.subarray(start, end));
}

/** Like `decodeUtf8`, but gives undefined where the bytes are not well-formed UTF-8. */
export function decodeUtf8Checked(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length <= SHORT) {
    const text = decodeShortAscii(bytes, start, length);
    if (text !== undefined) return text;
  }
  try {
    return strictDecoder.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/**
 * Writes `text` as UTF-8 at `at` and returns the offset after it. The target needs room for
 * `3 * text.length` bytes. Lone surrogates become U+FFFD, as with TextEncoder.
 */
export function encodeUtf8Into(text: string, target: Uint8Array, at: number): number {
  const length = text.length;
  if (length <= SHORT_WRITE) {
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return at + encoder.encodeInto(text, target.subarray(at)).written;
      target[at + i] = code;
    }
    return at + length;
  }
  return at + encoder.encodeInto(text, target.subarray(at)).written;
}

/** A new array with `text` as UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

const SHORT = 32;
const SHORT_WRITE = 48;

interface PlatformDecoder {
  decode(bytes: Uint8Array): string;
}
interface PlatformEncoder {
  encode(text: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
}
declare const TextDecoder: new (label: string, options: { ignoreBOM: boolean; fatal: boolean }) => PlatformDecoder;
declare const TextEncoder: new () => PlatformEncoder;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

function decodeShortAscii(bytes: Uint8Array, start: number, length: number): string | undefined {
  let text = "";
  let i = start;
  const end = start + length;
  for (; i + 8 <= end; i += 8) {
    const a = bytes[i], b = bytes[i + 1], c = bytes[i + 2], d = bytes[i + 3];
    const e = bytes[i + 4], f = bytes[i + 5], g = bytes[i + 6], h = bytes[i + 7];
    if ((a | b | c | d | e | f | g | h) & 0x80) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  if (i + 4 <= end) {
    const a = bytes[i], b = bytes[i + 1], c = bytes[i + 2], d = bytes[i + 3];
    if ((a | b | c | d) & 0x80) return undefined;
    text += String.fromCharCode(a, b, c, d);
    i += 4;
  }
  for (; i < end; i++) {
    const a = bytes[i];
    if (a & 0x80) return undefined;
    text += String.fromCharCode(a);
  }
  return text;
}
