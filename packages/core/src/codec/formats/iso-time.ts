import { encodeUtf8 } from "../utf8.ts";

/** The largest distance from the epoch that a timestamp may have, in milliseconds (that of Date). */
export const MAX_TIME = 8.64e15;

/**
 * Reads an ISO 8601 date or date-time at `i` as epoch milliseconds into `values[row]`; returns the
 * offset after it, or -1 where there is none or a part is out of range. Takes YYYY-MM-DD, then
 * optionally T or a space, HH:MM[:SS[.fraction]] and Z or an offset; no zone is UTC; digits after the
 * milliseconds are dropped. The caller checks what follows, and that some byte does that is no digit.
 */
export function readIsoTime(bytes: Uint8Array, i: number, values: Float64Array, row: number): number {
  const century = twoDigits(bytes, i);
  if (century < 0) return -1;
  const years = twoDigits(bytes, i + 2);
  if (years < 0 || bytes[i + 4] !== 45) return -1;
  const month = twoDigits(bytes, i + 5);
  if (month < 1 || month > 12 || bytes[i + 7] !== 45) return -1;
  const day = twoDigits(bytes, i + 8);
  const year = century * 100 + years;
  if (day < 1 || (day > 28 && day > daysInMonth(year, month))) return -1;
  const date = daysFromCivil(year, month, day) * 86_400_000;
  let c = bytes[i + 10];
  if (c !== 84 && c !== 32 && c !== 116) {
    values[row] = date;
    return i + 10;
  }
  const hour = twoDigits(bytes, i + 11);
  if (hour < 0 || hour > 23 || bytes[i + 13] !== 58) return -1;
  const minute = twoDigits(bytes, i + 14);
  if (minute < 0 || minute > 59) return -1;
  let millis = hour * 3_600_000 + minute * 60_000;
  i += 16;
  c = bytes[i];
  if (c === 58) {
    const second = twoDigits(bytes, i + 1);
    if (second < 0 || second > 59) return -1;
    millis += second * 1000;
    i += 3;
    c = bytes[i];
    if (c === 46) {
      c = bytes[++i];
      if (c < 48 || c > 57) return -1;
      let weight = 100;
      while (c >= 48 && c <= 57) {
        millis += (c - 48) * weight;
        weight = weight === 100 ? 10 : weight === 10 ? 1 : 0;
        c = bytes[++i];
      }
    }
  }
  if (c === 90 || c === 122) i++;
  else if (c === 43 || c === 45) {
    const hours = twoDigits(bytes, i + 1);
    if (hours < 0 || hours > 23) return -1;
    i += 3;
    let minutes = 0;
    const colon = bytes[i] === 58;
    if (colon || (bytes[i] >= 48 && bytes[i] <= 57)) {
      if (colon) i++;
      minutes = twoDigits(bytes, i);
      if (minutes < 0 || minutes > 59) return -1;
      i += 2;
    }
    const offset = hours * 3_600_000 + minutes * 60_000;
    millis += c === 43 ? -offset : offset;
  }
  values[row] = date + millis;
  return i;
}

/** Epoch milliseconds of ISO 8601 text by the rules of `readIsoTime`, or NaN. */
export function parseIsoTime(text: string): number {
  const bytes = encodeUtf8(text + "\n");
  const values = new Float64Array(1);
  return readIsoTime(bytes, 0, values, 0) === bytes.length - 1 ? values[0] : Number.NaN;
}

/** A time as users give it, number, Date or ISO 8601 text, in epoch milliseconds; NaN for anything else. */
export function epochMilliseconds(time: unknown): number {
  if (typeof time === "number") return time;
  if (typeof time === "string") return parseIsoTime(time);
  return time instanceof Date ? time.getTime() : Number.NaN;
}

/** Whether a number is a whole count of epoch milliseconds within the range of timestamps. */
export function isEpochMillis(value: number): boolean {
  return Number.isInteger(value) && value <= MAX_TIME && value >= -MAX_TIME;
}

function twoDigits(bytes: Uint8Array, i: number): number {
  const tens = bytes[i] - 48;
  if (tens < 0 || tens > 9) return -1;
  const ones = bytes[i + 1] - 48;
  return ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar, year 0 or later (Hinnant, "chrono-compatible low-level date algorithms"). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year + 399 : year + 400;
  const era = (y / 400) | 0;
  const yearOfEra = y - era * 400;
  const dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0) + day - 1;
  return (era - 1) * 146_097 + yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear - 719_468;
}

function daysInMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}
