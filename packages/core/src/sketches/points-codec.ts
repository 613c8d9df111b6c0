import type { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { NO_POINTS, Points } from "./points.ts";

const INTEGERS = 1;
const WEIGHED = 2;
const MIXED = 4;
const LARGEST_DELTA_CODED = 2 ** 30;

/**
 * Writes ascending points: values as variable-length differences where all are small integers
 * (below 2^30), else as doubles; weights only where one is above 1, mixed bits only where one is set.
 */
export function encodePoints(writer: ByteWriter, points: Points): void {
  const { value, weight, mixed, length } = points;
  writer.varint(length);
  if (length === 0) return;
  const shape = shapeOf(points);
  writer.u8(shape);
  if ((shape & INTEGERS) !== 0) {
    const first = value[0];
    writer.varint(first < 0 ? -2 * first - 1 : 2 * first);
    for (let i = 1; i < length; i++) writer.varint(value[i] - value[i - 1]);
  } else {
    writer.f64Array(value, 0, length);
  }
  if ((shape & WEIGHED) !== 0) for (let i = 0; i < length; i++) writer.varint(weight[i]);
  if ((shape & MIXED) !== 0) {
    for (let i = 0; i < length; i += 8) {
      let bits = 0;
      for (let j = 0; j < 8 && i + j < length; j++) bits |= mixed[i + j] << j;
      writer.u8(bits);
    }
  }
}

/**
 * Reads what `encodePoints` wrote into `into`, by default new points (`NO_POINTS` of none); throws
 * MILLRACE_STORE_CORRUPT where it is something else.
 */
export function decodePoints(reader: ByteReader, into?: Points): Points {
  const length = reader.count();
  if (length === 0) {
    into?.reset(0);
    return into ?? NO_POINTS;
  }
  const shape = reader.u8();
  if (shape > (INTEGERS | WEIGHED | MIXED)) reader.fail(`no sketch has points of shape ${shape}`);
  const points = into ?? new Points(length);
  points.reset(length);
  points.length = length;
  const { value, weight, mixed } = points;
  if ((shape & INTEGERS) !== 0) {
    const first = reader.varint();
    value[0] = first % 2 === 1 ? -(first + 1) / 2 : first / 2;
    for (let i = 1; i < length; i++) value[i] = value[i - 1] + reader.varint();
  } else {
    value.set(reader.f64Array(length));
  }
  for (let i = 0; i < length; i++) weight[i] = (shape & WEIGHED) !== 0 ? reader.varint() : 1;
  if ((shape & MIXED) === 0) {
    mixed.fill(0, 0, length);
  } else {
    for (let i = 0; i < length; i += 8) {
      const bits = reader.u8();
      for (let j = 0; j < 8 && i + j < length; j++) mixed[i + j] = (bits >> j) & 1;
    }
  }
  return points;
}

function shapeOf(points: Points): number {
  let shape = INTEGERS;
  for (let i = 0; i < points.length; i++) {
    const value = points.value[i];
    if (!Number.isInteger(value) || Math.abs(value) >= LARGEST_DELTA_CODED) shape &= ~INTEGERS;
    if (points.weight[i] !== 1) shape |= WEIGHED;
    if (points.mixed[i] === 1) shape |= MIXED;
  }
  return shape;
}
