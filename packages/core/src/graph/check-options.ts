import { MillraceError } from "../errors.ts";
import { shown } from "./check-closure.ts";

/** The names of an interface's options; the compiler sees to it that none is missing. */
export type OptionNames<O> = { readonly [Name in keyof Required<O>]: true };

/** Throws MILLRACE_USAGE, naming the nearest there is, for an option that has no meaning: mostly a misspelt one. */
export function checkOptions(options: unknown, known: Readonly<Record<string, true>>, where: string): void {
  if (typeof options !== "object" || options === null) throw new MillraceError("MILLRACE_USAGE", where, `got ${shown(options)} as options; give an object with some of ${Object.keys(known).join(", ")}`);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) throw new MillraceError("MILLRACE_USAGE", where, `has no option ${name}${meant(name, Object.keys(known))}`);
  }
}

/** `; did you mean …?` where a name is near to one there is, else what there is. */
export function meant(name: string, known: readonly string[]): string {
  const [nearest] = known.map((one) => ({ one, distance: distance(name.toLowerCase(), one.toLowerCase()) })).sort((a, b) => a.distance - b.distance);
  if (nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(nearest.one.length / 3))) return `; did you mean ${nearest.one}?`;
  return `; there are: ${known.join(", ") || "none"}`;
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}
