import type { FigureSpec } from "./row.ts";
import type { Figure, ResultRow } from "./results.ts";

const HEADER = ["row", "figure", "goal", "median", "min..max", "reached"];

/** A table for people, in Markdown: one line a figure. */
export function tableOf(rows: readonly ResultRow[]): string {
  const lines = [HEADER, ...rows.flatMap(linesOf)];
  const widths = HEADER.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  text.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  return text.join("\n");
}

function linesOf(row: ResultRow): string[][] {
  if (row.missing !== undefined) return [[row.workload, row.missing, "", "", "", "no"]];
  return Object.entries(row.figures).map(([name, figure], i) => [i === 0 ? row.workload : "", name, goalText(figure), show(figure.median, figure.unit), range(figure), reachedText(figure)]);
}

function goalText({ goal, unit }: Figure): string {
  if (goal === undefined) return "";
  return "atLeast" in goal ? `>= ${show(goal.atLeast, unit)}` : `< ${show(goal.below, unit)}`;
}

function range({ min, max, unit }: Figure): string {
  return `${show(min, unit)}..${show(max, unit)}`;
}

function reachedText({ reached }: Figure): string {
  if (reached === undefined) return "";
  return reached ? "yes" : "no";
}

function show(value: number | null, unit: FigureSpec["unit"]): string {
  if (value === null) return "-";
  switch (unit) {
    case "1/s":
      return `${Math.round(value).toLocaleString("en")}/s`;
    case "ms":
      return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ms`;
    case "s":
      return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`;
    case "bytes":
      return `${Math.round(value / 1e6).toLocaleString("en")} MB`;
    case "share":
      return `${(value * 100).toFixed(2)}%`;
    case "rows":
      return value.toLocaleString("en");
  }
}
