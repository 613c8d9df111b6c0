/** A row as the page has it: an object of JSON. */
export type Row = Readonly<Record<string, unknown>>;

/** The value of `field`, or of `field.inner` of an object inside the row. */
export function at(row: Row, field: string): unknown {
  const value = row[field];
  if (value !== undefined || !field.includes(".")) return value;
  const dot = field.indexOf(".");
  const inner = row[field.slice(0, dot)];
  return typeof inner === "object" && inner !== null ? at(inner as Row, field.slice(dot + 1)) : undefined;
}

/** The row with a new value of `field`, or of `field.inner`; the row given is left as it is. */
export function withValue(row: Row, field: string, value: unknown): Row {
  const dot = field.indexOf(".");
  if (dot === -1 || field in row) return { ...row, [field]: value };
  const outer = field.slice(0, dot);
  const inner = row[outer];
  return { ...row, [outer]: withValue(typeof inner === "object" && inner !== null ? (inner as Row) : {}, field.slice(dot + 1), value) };
}

/** Whether the row has all the values. */
export function matches(row: Row, where: Readonly<Record<string, unknown>>): boolean {
  for (const field in where) if ((at(row, field) ?? null) !== where[field]) return false;
  return true;
}

/** Orders values of one field: numbers and words each in their order, what is missing last. */
export function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === undefined || a === null) return 1;
  if (b === undefined || b === null) return -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return COLLATOR.compare(words(a), words(b));
}

/** A2 before A10. */
const COLLATOR = new Intl.Collator(undefined, { numeric: true });

/** Any value as text that sorts and reads. */
export function words(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
