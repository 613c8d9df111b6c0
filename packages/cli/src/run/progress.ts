import type { Runtime, SourceBinding } from "@millrace/core/internal";
import type { CommitCounts } from "../app/commit-counter.ts";
import { totalOf } from "../app/totals.ts";

const INTERVAL_MILLISECONDS = 200;
const BAR = 24;

/** A line of progress on a terminal's standard error, redrawn in place; nothing in a pipe. */
export async function showProgress(runtime: Runtime, sources: Readonly<Record<string, SourceBinding>>, counts: CommitCounts): Promise<{ end(): void }> {
  const { stderr } = process;
  if (!stderr.isTTY) return { end: () => undefined };
  const total = await totalBytes(sources);
  const begun = performance.now();
  let drawn = false;
  const draw = async (): Promise<void> => {
    const { atomsIn, bytesIn, late } = totalOf(await runtime.stats());
    const seconds = (performance.now() - begun) / 1000;
    const text = progressLine({ atomsIn, bytesIn, late, dead: counts.dead, seconds, total });
    if (ended) return;
    stderr.write(`\r\u001B[2K${text.slice(0, (stderr.columns || 80) - 1)}`);
    drawn = true;
  };
  let ended = false;
  const timer = setInterval(() => void draw(), INTERVAL_MILLISECONDS);
  return {
    end() {
      ended = true;
      clearInterval(timer);
      if (drawn) stderr.write("\r\u001B[2K");
    },
  };
}

export interface ProgressFigures {
  readonly atomsIn: number;
  readonly bytesIn: number;
  readonly late: number;
  readonly dead: number;
  readonly seconds: number;
  /** Bytes of all inputs; undefined where one does not tell. */
  readonly total: number | undefined;
}

/** `[######            ]  25%  12.3/49.1 MB  512,000 atoms/s  3 s left  2 late  1 dead`. */
export function progressLine({ atomsIn, bytesIn, late, dead, seconds, total }: ProgressFigures): string {
  const parts: string[] = [];
  if (total !== undefined && total > 0) {
    const share = Math.min(1, bytesIn / total);
    const full = Math.round(share * BAR);
    parts.push(`[${"#".repeat(full)}${" ".repeat(BAR - full)}] ${String(Math.floor(share * 100)).padStart(3)}%`, `${megabytes(bytesIn)}/${megabytes(total)} MB`);
  } else {
    parts.push(`${atomsIn.toLocaleString("en")} atoms`);
  }
  parts.push(`${Math.round(atomsIn / Math.max(seconds, 0.001)).toLocaleString("en")} atoms/s`);
  if (total !== undefined && bytesIn > 0 && seconds > 1) parts.push(`${duration(Math.max(0, ((total - bytesIn) * seconds) / bytesIn))} left`);
  if (late > 0) parts.push(`${late.toLocaleString("en")} late`);
  if (dead > 0) parts.push(`${dead.toLocaleString("en")} dead`);
  return parts.join("  ");
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

async function totalBytes(sources: Readonly<Record<string, SourceBinding>>): Promise<number | undefined> {
  let total = 0;
  for (const source of Object.values(sources)) {
    if ("kind" in source) return undefined;
    for (const { bytes } of await source.splits()) {
      if (bytes === undefined) return undefined;
      total += bytes;
    }
  }
  return total;
}
