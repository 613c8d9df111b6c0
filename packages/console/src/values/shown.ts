import { at, compare, matches, type Row } from "./paths.ts";

export interface Selection {
  readonly where: Readonly<Record<string, unknown>>;
  readonly order: { readonly field: string; readonly descending: boolean } | undefined;
  readonly limit: number;
}

/** The rows to show, with their keys: those that match, in order, so many at most. */
export function shown(rows: ReadonlyMap<string, Row>, { where, order, limit }: Selection): readonly (readonly [key: string, row: Row])[] {
  const found: [string, Row][] = [];
  for (const entry of rows) if (matches(entry[1], where)) found.push(entry);
  if (order !== undefined) {
    const { field, descending } = order;
    found.sort(([keyA, a], [keyB, b]) => {
      const sign = compare(at(a, field), at(b, field));
      const missing = (at(a, field) ?? undefined) === undefined || (at(b, field) ?? undefined) === undefined;
      return (descending && !missing ? -sign : sign) || compare(keyA, keyB);
    });
  } else {
    found.sort(([a], [b]) => compare(a, b));
  }
  return found.length > limit ? found.slice(0, limit) : found;
}
