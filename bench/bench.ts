/**
 * `npm run bench`: runs workloads against the built packages and prints a table of figures. Options:
 * --quick (smaller inputs, one run each, under a minute), --only NAME[,NAME], --runs N (3),
 * --instances N (worker threads; 0, the default: none), --inputs DIR (where inputs are kept), --json FILE. docs/performance.md says
 * what is measured. Exits with 1 only where a row cannot run or gives a wrong answer, never for a time.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine } from "./lib/machine.ts";
import { repositoryRoot } from "./lib/process.ts";
import { figuresOf, type ResultRow } from "./lib/results.ts";
import type { Measured, Row, Setting } from "./lib/row.ts";
import { tableOf } from "./lib/table.ts";
import { rows } from "./rows/index.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    runs: { type: "string" },
    instances: { type: "string", default: "0" },
    inputs: { type: "string", default: join(tmpdir(), "millrace-bench-inputs") },
    json: { type: "string" },
  },
});
const names = options.only?.split(",");
const wanted = rows.filter(({ name }) => names?.includes(name) ?? true);
const unknown = names?.filter((name) => !rows.some((row) => row.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(`there is no row ${unknown.join(", ")}; rows are: ${rows.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const begun = new Date();
const machine = describeMachine();
console.error(`${machine.cpu}, ${machine.cores} cores, ${(machine.memoryBytes / 1e9).toFixed(0)} GB, Node ${machine.node}, commit ${machine.commit}, load ${machine.load.toFixed(1)}`);
const results: ResultRow[] = [];
for (const row of wanted) {
  try {
    results.push(await measure(row));
  } catch (error) {
    process.exitCode = 1;
    const reason = error instanceof Error ? error.message : String(error);
    console.error(reason);
    results.push({ ...identityOf(row, ""), runs: 0, figures: {}, missing: `failed: ${reason.split("\n").find((line) => /error|invariant|MILLRACE_/i.test(line)) ?? reason.split("\n")[0]}` });
  }
}
console.log(tableOf(results));

const folder = join(repositoryRoot, "bench/results");
mkdirSync(folder, { recursive: true });
const file = join(folder, `${begun.toISOString().slice(0, 19).replaceAll(":", "")}-${machine.commit.replace("+", "-changed")}.json`);
const flags = { quick: options.quick, instances: Number(options.instances), runs: runsOf() };
writeFileSync(file, `${JSON.stringify({ begun: begun.toISOString(), ended: new Date().toISOString(), machine, flags, rows: results }, undefined, 2)}\n`);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`);

async function measure(row: Row): Promise<ResultRow> {
  if (row.missing !== undefined) return { ...identityOf(row, ""), runs: 0, figures: {}, missing: row.missing };
  const input = await row.prepare(settingOf(""));
  console.error(`${row.name}: ${row.what} (${input}); load ${(loadavg()[0] ?? 0).toFixed(1)}`);
  const identity = identityOf(row, input);
  const measured: Measured[] = [];
  for (let run = 0; run < runsOf(); run++) {
    const scratch = mkdtempSync(join(tmpdir(), "millrace-bench-"));
    try {
      const one = await row.run(settingOf(scratch));
      measured.push(one);
      console.error(`  run ${run + 1}: ${Object.entries(one).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`).join(", ")}`);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return { ...identity, runs: measured.length, figures: figuresOf(row, measured, options.quick) };
}

function identityOf(row: Row, input: string): Pick<ResultRow, "workload" | "input" | "scale" | "instances" | "engine" | "load"> {
  return { workload: row.name, input, scale: options.quick ? "quick" : "full", instances: Number(options.instances), engine: "millrace", load: loadavg()[0] ?? 0 };
}

function settingOf(scratch: string): Setting {
  const { quick, inputs, instances } = options;
  return { quick, inputs, scratch, instances: Number(instances), nodeOptions: [], say: (line) => console.error(`  ${line}`) };
}

function runsOf(): number {
  return Number(options.runs ?? (options.quick ? 1 : 3));
}
