import type { ByteReader, ByteWriter } from "../codec/bytes.ts";

const SPARSE = 0;
const PACKED = 1;

/** Writes registers below 64, a multiple of four of them: gaps and values where few are set, else six bits each. */
export function encodeRegisters(writer: ByteWriter, registers: Uint8Array): void {
  let set = 0;
  for (let i = 0; i < registers.length; i++) if (registers[i] !== 0) set++;
  if (set * 2 < registers.length * 0.75) {
    writer.u8(SPARSE);
    writer.varint(set);
    let next = 0;
    for (let i = 0; i < registers.length; i++) {
      if (registers[i] === 0) continue;
      writer.varint(i - next);
      writer.u8(registers[i]);
      next = i + 1;
    }
    return;
  }
  writer.u8(PACKED);
  for (let i = 0; i < registers.length; i += 4) {
    const bits = registers[i] | (registers[i + 1] << 6) | (registers[i + 2] << 12) | (registers[i + 3] << 18);
    writer.u8(bits & 255);
    writer.u8((bits >> 8) & 255);
    writer.u8(bits >> 16);
  }
}

/** Reads `count` registers of at most `largest`; throws MILLRACE_STORE_CORRUPT where the bytes are something else. */
export function decodeRegisters(reader: ByteReader, count: number, largest: number): Uint8Array<ArrayBuffer> {
  const registers = new Uint8Array(count);
  if (reader.u8() === SPARSE) {
    let at = 0;
    for (let set = reader.varint(); set > 0; set--) {
      at += reader.varint();
      if (at >= count) reader.fail(`there is no register ${at} of ${count}`);
      registers[at++] = reader.u8();
    }
  } else {
    for (let i = 0; i < count; i += 4) {
      const bits = reader.u8() | (reader.u8() << 8) | (reader.u8() << 16);
      for (let j = 0; j < 4; j++) registers[i + j] = (bits >> (6 * j)) & 63;
    }
  }
  for (let i = 0; i < count; i++) if (registers[i] > largest) reader.fail(`register ${i} is ${registers[i]}, above ${largest}`);
  return registers;
}
