/**
 * The offset after the well-formed UTF-8 sequence whose lead byte (0x80 or above) is at `i`, or -1
 * (Unicode 16, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF). Reads no byte
 * past the first that does not fit.
 */
export function utf8Next(bytes: Uint8Array, i: number): number {
  const lead = bytes[i];
  if (lead < 0xc2 || lead > 0xf4) return -1;
  const second = bytes[i + 1];
  if (lead < 0xe0) return (second & 0xc0) === 0x80 ? i + 2 : -1;
  if (lead < 0xf0) {
    const low = lead === 0xe0 ? 0xa0 : 0x80;
    const high = lead === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && (bytes[i + 2] & 0xc0) === 0x80 ? i + 3 : -1;
  }
  const low = lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high || (bytes[i + 2] & 0xc0) !== 0x80) return -1;
  return (bytes[i + 3] & 0xc0) === 0x80 ? i + 4 : -1;
}

/** Whether `bytes[start, end)` is well-formed UTF-8. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i < end) {
    if (bytes[i] < 0x80) i++;
    else if ((i = utf8Next(bytes, i)) < 0 || i > end) return false;
  }
  return true;
}
