import { compareKeys } from "@millrace/core/internal";
import type { z } from "zod";
import { cursorText, placeOf } from "../http/cursor.ts";
import type { KeyedRow } from "../port.ts";
import type { rowQuery } from "../schemas/collections.ts";
import type { RowPage } from "../types.ts";
import { compareValues, conditionsOf, fieldOf, isMissing } from "./fields.ts";
import { keyOf, keyText } from "./key-text.ts";

/** The rows that a query asks for, out of all rows by ascending key. */
export function rowPage(rows: readonly KeyedRow[], query: z.output<typeof rowQuery>): RowPage {
  const { order, limit, cursor } = query;
  const field = order?.replace(/^-/, "");
  const compare = comparison(field, order?.startsWith("-") === true ? -1 : 1);
  const after = cursor === undefined ? undefined : lastOf(cursor);
  const wanted = conditionsOf(query.where === undefined ? [] : typeof query.where === "string" ? [query.where] : query.where);
  const inRange = rangeOf(query);
  const found: Ranked[] = [];
  for (const { key, row } of rows) {
    if (!inRange(key) || !wanted(row)) continue;
    const ranked = { key, row, value: field === undefined ? undefined : fieldOf(row, field) };
    if (after === undefined || compare(ranked, after) > 0) found.push(ranked);
    // By key the first ones are already the ones wanted.
    if (field === undefined && found.length > limit) break;
  }
  if (field !== undefined) found.sort(compare);
  const items = found.slice(0, limit).map(({ key, row }) => ({ key: keyText(key), row }));
  const last = found[limit - 1];
  return found.length > limit && last !== undefined ? { items, next: cursorText([keyText(last.key), last.value ?? null]) } : { items };
}

interface Ranked extends KeyedRow {
  readonly value: unknown;
}

function comparison(field: string | undefined, direction: number): (a: Pick<Ranked, "key" | "value">, b: Pick<Ranked, "key" | "value">) => number {
  if (field === undefined) return (a, b) => compareKeys(a.key, b.key);
  return (a, b) => {
    const missing = Number(isMissing(a.value)) - Number(isMissing(b.value));
    return missing || compareValues(a.value, b.value) * direction || compareKeys(a.key, b.key);
  };
}

function lastOf(cursor: string): Pick<Ranked, "key" | "value"> {
  const [key, value] = placeOf(cursor, 2);
  return { key: keyOf(String(key)), value };
}

function rangeOf({ prefix, from, to }: Pick<z.output<typeof rowQuery>, "prefix" | "from" | "to">): (key: KeyedRow["key"]) => boolean {
  const least = from === undefined ? undefined : keyOf(from);
  const end = to === undefined ? undefined : keyOf(to);
  return (key) =>
    (prefix === undefined || (typeof key === "string" && key.startsWith(prefix))) &&
    (least === undefined || compareKeys(key, least) >= 0) &&
    (end === undefined || compareKeys(key, end) < 0);
}
