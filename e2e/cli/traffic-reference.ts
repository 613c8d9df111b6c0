import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** What the readings of one hour say, computed as plainly as can be. */
export interface Hour {
  readonly start: string;
  /** All vehicle counts of the hour, ascending. */
  readonly counts: Float64Array;
  readonly globalMedian: number;
  /** Exact median of the vehicle counts, by detector. */
  readonly medians: ReadonlyMap<number, number>;
}

/** Exact medians of every hour of a week's readings. */
export function exactHours(csv: string): readonly Hour[] {
  const lines = csv.trimEnd().split("\n");
  const columns = (lines[0] ?? "").trim().split(",");
  const [time, count, report] = ["TIMESTAMP", "vehicleCount", "REPORT_ID"].map((name) => columns.indexOf(name)) as [number, number, number];
  const hours = new Map<string, Map<number, number[]>>();
  for (let i = 1; i < lines.length; i++) {
    const cells = (lines[i] ?? "").trim().split(",");
    const start = `${(cells[time] ?? "").slice(0, 13)}:00:00.000Z`;
    let detectors = hours.get(start);
    if (detectors === undefined) hours.set(start, (detectors = new Map()));
    const detector = Number(cells[report]);
    const values = detectors.get(detector);
    if (values === undefined) detectors.set(detector, [Number(cells[count])]);
    else values.push(Number(cells[count]));
  }
  return [...hours]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([start, detectors]) => {
      const counts = Float64Array.from([...detectors.values()].flat()).sort();
      return { start, counts, globalMedian: medianOf(counts), medians: new Map([...detectors].map(([detector, values]) => [detector, medianOf(Float64Array.from(values).sort())])) };
    });
}

/** Detectors whose median is above a bound, ascending. */
export function exceeding({ medians }: Hour, bound: number): readonly number[] {
  return [...medians].filter(([, median]) => median > bound).map(([detector]) => detector).sort((a, b) => a - b);
}

/** Between which shares of the hour's readings a value lies: those below it, and those not above it. */
export function rankOf({ counts }: Hour, value: number): { readonly below: number; readonly notAbove: number } {
  const below = counts.filter((count) => count < value).length;
  const notAbove = counts.filter((count) => count <= value).length;
  return { below: below / counts.length, notAbove: notAbove / counts.length };
}

export function readWeek(path: string): string {
  return gunzipSync(readFileSync(path)).toString();
}

function medianOf(sorted: Float64Array): number {
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? (sorted[Math.floor(middle)] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
