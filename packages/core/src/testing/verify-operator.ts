import { MillraceError } from "../errors.ts";
import {
  finalsOf,
  fingerprint,
  OperatorRun,
  tableOf,
  type OperatorOutput,
  type OperatorSubject,
  type OutputRow,
  type RunStyle,
  type ScriptStep,
} from "./operator-run.ts";

/**
 * Runs an operator over a script in every way that must not matter: in bulk, one row at a time, with
 * watermarks as late and as early as they may be, restored after each step from deltas and from
 * snapshots, over frozen values, over rows that went through the codec. Throws MILLRACE_INVARIANT,
 * saying how the runs differ; gives the rows of the plain run. Rows are compared without their order,
 * and where the subject says an identity, by last words and final tables.
 */
export function verifyOperator(subject: OperatorSubject, script: readonly ScriptStep[]): OperatorOutput {
  checkScript(script);
  const plain = run(subject, script, {});
  const bulk = inBulk(script);
  const single = oneByOne(script);
  for (const [how, steps, style] of [
    ["with a commit after each step", script, { flush: true }],
    ["one row at a time", single, {}],
    ["one row at a time, committed each", single, { flush: true }],
    ["with all watermarks at the end", bulk, {}],
    ["with the earliest watermarks", eager(single), { flush: true }],
    ["restored from deltas after each step", script, { restore: "changes" }],
    ["restored from snapshots after each step", script, { restore: "full" }],
    ["restored after each row, from both", eager(single), { restore: "both" }],
    ["over frozen values", script, { frozen: true }],
    ["over rows that went through the codec", script, { traveled: true }],
  ] as const satisfies readonly (readonly [string, readonly ScriptStep[], RunStyle])[]) {
    compare(how, subject, plain, run(subject, steps, style));
  }
  return plain;
}

function run(subject: OperatorSubject, script: readonly ScriptStep[], style: RunStyle): OperatorOutput {
  const one = new OperatorRun(subject, style);
  script.forEach((step, index) => one.step(step, index));
  return one.finish();
}

function compare(how: string, subject: OperatorSubject, plain: OperatorOutput, other: OperatorOutput): void {
  const { identity } = subject;
  if (identity === undefined) {
    same(how, "rows", plain.rows, other.rows, true);
  } else {
    same(how, "last words", finalsOf(plain.rows), finalsOf(other.rows), false);
    same(how, "rows of the final table", tableOf(plain.rows, identity), tableOf(other.rows, identity), false);
  }
  if (plain.late !== other.late) throw differs(how, `${other.late} late rows instead of ${plain.late}`);
  const failed = plain.failed.map(fingerprint).sort().join(";");
  if (failed !== other.failed.map(fingerprint).sort().join(";")) throw differs(how, `failures ${text(other.failed)} instead of ${text(plain.failed)}`);
}

function same(how: string, what: string, plain: readonly OutputRow[], other: readonly OutputRow[], stamps: boolean): void {
  const name = (row: OutputRow): string =>
    `${row.port} ${row.kind} ${row.time} ${stamps ? row.stamp : ""} ${fingerprint(row.key)} ${fingerprint(row.value)}`;
  const counts = new Map<string, { row: OutputRow; count: number }>();
  const tally = (row: OutputRow, by: number): void => {
    const at = name(row);
    const entry = counts.get(at) ?? { row, count: 0 };
    counts.set(at, { row, count: entry.count + by });
  };
  for (const row of plain) tally(row, 1);
  for (const row of other) tally(row, -1);
  const missing = [...counts.values()].filter(({ count }) => count > 0).map(({ row }) => row);
  const extra = [...counts.values()].filter(({ count }) => count < 0).map(({ row }) => row);
  if (missing.length + extra.length > 0) throw differs(how, `other ${what}: missing ${text(missing.slice(0, 5))}, instead ${text(extra.slice(0, 5))}`);
}

/** Neighbouring rows of an input together, and every watermark but the last left out. */
function inBulk(script: readonly ScriptStep[]): ScriptStep[] {
  const steps: ScriptStep[] = [];
  const watermarks = script.filter((step) => "watermark" in step);
  for (const step of script) {
    if ("watermark" in step) continue;
    const last = steps.at(-1);
    if ("rows" in step && last !== undefined && "rows" in last && (last.input ?? 0) === (step.input ?? 0)) {
      steps[steps.length - 1] = { ...last, rows: [...last.rows, ...step.rows] };
    } else {
      steps.push(step);
    }
  }
  return [...steps, ...watermarks.slice(-1)];
}

function oneByOne(script: readonly ScriptStep[]): ScriptStep[] {
  return script.flatMap((step): ScriptStep[] => ("rows" in step ? step.rows.map((row) => ({ ...step, rows: [row] })) : [step]));
}

/** Before each row the highest watermark that no later stamp is below. */
function eager(script: readonly ScriptStep[]): ScriptStep[] {
  const steps: ScriptStep[] = [];
  let least = Infinity;
  for (const step of script.toReversed()) {
    if ("watermark" in step && least < Infinity) continue;
    steps.push(step);
    if (!("rows" in step)) continue;
    least = Math.min(least, ...step.rows.map(({ stamp }) => stamp));
    if (least > -Infinity) steps.push({ watermark: least });
  }
  return steps.toReversed().filter((step, i, all) => !("watermark" in step) || i === 0 || !all.slice(0, i).some((before) => "watermark" in before && before.watermark >= step.watermark));
}

function checkScript(script: readonly ScriptStep[]): void {
  let watermark = -Infinity;
  const check = (ok: boolean, what: string): void => {
    if (!ok) throw new MillraceError("MILLRACE_USAGE", "operator script", what);
  };
  for (const step of script) {
    if ("watermark" in step) {
      check(step.watermark >= watermark, `the watermark falls from ${watermark} to ${step.watermark}`);
      watermark = step.watermark;
    }
    if ("rows" in step) for (const row of step.rows) check(row.stamp >= watermark, `a row has the stamp ${row.stamp} after the watermark ${watermark}`);
  }
}

function differs(how: string, message: string): MillraceError {
  return new MillraceError("MILLRACE_INVARIANT", "verified operator", `${how} it gives ${message}`);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => (typeof part === "bigint" ? `${part}n` : part)) ?? "undefined";
}
