import type { RunResult } from "./run.ts";
import { counted, say } from "../say.ts";
import { letterText } from "./results.ts";

/** What of the request the report repeats. */
export interface ReportContext {
  readonly workflows: readonly string[];
  readonly instances: number;
  readonly cut: string;
  readonly reads: readonly string[];
}

/** The report of a run as one JSON object. Figures are of this process; `dead` also of those it resumed. */
export function reportOf(result: RunResult, context: ReportContext): Readonly<Record<string, unknown>> {
  const { totals, counts, seconds } = result;
  return {
    outcome: result.stopped === undefined ? "done" : "stopped",
    workflows: context.workflows,
    atomsIn: totals.atomsIn,
    atomsOut: totals.atomsOut,
    late: totals.late,
    dead: result.dead,
    seconds: round(seconds, 3),
    atomsPerSecond: Math.round(totals.atomsIn / seconds),
    bytesIn: totals.bytesIn,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    startToFirstResultMs: counts.firstResult === undefined ? null : round(counts.firstResult, 1),
    commits: counts.commits,
    instances: context.instances,
    cut: context.cut,
    resumed: result.resumed,
    rows: Object.fromEntries(result.rows),
    hints: result.hints,
  };
}

/** The same in a few lines for a person, on standard error. */
export function summarize(result: RunResult, context: ReportContext): void {
  const { totals, seconds, dead } = result;
  const rate = Math.round(totals.atomsIn / seconds).toLocaleString("en");
  const memory = Math.round((process.resourceUsage().maxRSS * 1024) / 1e6);
  say(`${context.workflows.join(", ")}: ${counted(totals.atomsIn, "atom")} in ${seconds.toFixed(2)} s (${rate}/s), peak memory ${memory} MB${result.resumed ? ", resumed" : ""}`);
  if (result.resumed && totals.atomsIn === 0) say("  the run in this folder was complete: nothing was read; take another --data folder to run it anew");
  if (result.rows.size > 0) say(`  ${[...result.rows].map(([name, rows]) => `${name}: ${counted(rows, "row")}`).join(", ")}`);
  if (result.unwritten.length > 0) say(`  not written: ${result.unwritten.join(", ")}; ${result.unwritten.map((name) => `--out ${name}=FILE`).join(" ")} writes them too`);
  if (dead > 0) {
    say(`  ${counted(dead, "dead letter")}. ${result.letter === undefined ? "" : letterText(result.letter)}`);
    say(`  ${context.reads.map((topic) => `--out ${topic}.dead=FILE`).join(" ")} writes them out as well`);
  }
  for (const hint of result.hints) say(`  ${hint}`);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
