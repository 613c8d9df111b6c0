import type { Column } from "../wire/types.ts";
import { at, type Row } from "./paths.ts";

/** A row's value as a person reads it, in the reader's own language. */
export function written(row: Row, column: Column): string {
  const value = at(row, column.field);
  const text = column.as === "time" && typeof value === "number" ? time(value) : plain(value, column.digits);
  return column.unit === undefined || text === "" ? text : `${text} ${column.unit}`;
}

/** A number with so many digits behind the point, or a few that tell it apart. */
export function figure(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "";
  if (digits !== undefined) return value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return value.toLocaleString(undefined, Math.abs(value) < 1000 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 });
}

/** Epoch milliseconds as day and time, in 24 hours. Event time is told in UTC, as it is stored. */
export function time(value: number): string {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : date.toLocaleString(undefined, TIME);
}

const TIME: Intl.DateTimeFormatOptions = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" };

function plain(value: unknown, digits: number | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return digits === undefined && Number.isInteger(value) ? value.toLocaleString() : figure(value, digits);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map((item) => plain(item, digits)).join(", ");
  return Object.values(value)
    .map((inner) => plain(inner, digits))
    .join(" ");
}
