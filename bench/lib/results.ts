import type { FigureSpec, Measured, Row } from "./row.ts";

/** A figure over all runs. */
export interface Figure {
  readonly unit: FigureSpec["unit"];
  readonly median: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly goal?: FigureSpec["goal"];
  /** Of the median; absent where there is no goal. */
  readonly reached?: boolean;
}

/** What is kept of a row: one line of a table, one element of `--json`. */
export interface ResultRow {
  readonly workload: string;
  readonly input: string;
  readonly scale: "full" | "quick";
  readonly instances: number;
  readonly engine: "millrace";
  readonly runs: number;
  /** How many processes wanted a core in the minute before: beside other work figures are of a part of the machine. */
  readonly load: number;
  readonly figures: Readonly<Record<string, Figure>>;
  /** Why there are no figures. */
  readonly missing?: string;
}

export function figuresOf(row: Row, runs: readonly Measured[], quick: boolean): Readonly<Record<string, Figure>> {
  const withGoals = !quick || row.easierWhenQuick !== true;
  return Object.fromEntries(row.figures.map((spec) => [spec.name, figureOf(withGoals ? spec : { name: spec.name, unit: spec.unit }, runs.map((run) => run[spec.name] ?? Number.NaN))]));
}

function figureOf({ unit, goal }: FigureSpec, values: readonly number[]): Figure {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  const figure = { unit, median: medianOf(sorted), min: sorted[0] ?? null, max: sorted.at(-1) ?? null };
  if (goal === undefined) return figure;
  const { median } = figure;
  const reached = median !== null && ("atLeast" in goal ? median >= goal.atLeast : median < goal.below);
  return { ...figure, goal, reached };
}

function medianOf(sorted: readonly number[]): number | null {
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? null) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
