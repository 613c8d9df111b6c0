import type { Command } from "commander";
import type { RecordFormat } from "@millrace/core/internal";
import { planOptions } from "@millrace/core/internal";
import { namesOf } from "../app/graph-names.ts";
import { backendOf } from "../backends.ts";
import { loadWorkflows } from "../modules.ts";
import { reportOf, summarize, type ReportContext } from "../run/report.ts";
import { checkOutputs } from "../run/results.ts";
import { runWorkflows } from "../run/run.ts";
import { say } from "../say.ts";
import { untilSignal } from "../signals.ts";
import { byteSize, collect, cutOption, formatOption, pairs, reportOption, wholeNumber } from "./options.ts";

interface RunOptions {
  readonly in?: readonly string[];
  readonly out?: readonly string[];
  readonly format?: RecordFormat;
  readonly data?: string;
  readonly backend?: string;
  readonly instances: number;
  readonly partitions?: number;
  readonly stateMemory?: number;
  readonly cut?: "none" | "shuffle" | "every";
  readonly maxErrors?: number;
  readonly report?: "json";
}

/** `millrace run`: bounded input to its end, then the results. */
export function addRun(program: Command): void {
  program
    .command("run")
    .summary("run workflows over bounded input to its end, then write the results")
    .description(
      "Runs the workflows that FILE exports (FILE#NAME: one of them). Reads all input to its end, closes all windows, then " +
        "writes results: topics in order, collections sorted by key, as NDJSON (as CSV where PATH ends in .csv). Without --out " +
        "they go to standard output. Topics without --in read what the file exports as `sources`.",
    )
    .argument("<file...>", "modules that export workflows")
    .option("--in <topic=path>", 'read a topic from a file, a glob, or "-": NDJSON or CSV, plain, .gz or .zst (repeatable)', collect)
    .option("--out <name=path>", 'write a topic, a collection or TOPIC.dead to a file or "-" (repeatable)', collect)
    .addOption(formatOption())
    .option("--data <dir>", "keep state in this folder: an interrupted run goes on when it is started again")
    .option("--backend <name>", "where it runs: embedded, or a name of millrace.config.ts")
    .option("--instances <n>", "worker threads that share the work", wholeNumber(1, 64), 1)
    .option("--partitions <n>", "divide the keys into n partitions, rounded up to a power of two (default: as many as instances, 64 with --state-memory)", wholeNumber(1, 256))
    .option("--state-memory <size>", "keep about this much keyed state in memory, such as 200MB; partitions take turns where it is more", byteSize)
    .addOption(cutOption())
    .option("--max-errors <n>", "fail after more than n dead letters", wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .addOption(reportOption())
    .addHelpText("after", `\nExample:\n  $ millrace run traffic.ts --in observations=week.csv.gz --out ranking=ranking.ndjson --data ./data\n`)
    .action(async (files: readonly string[], options: RunOptions) => {
      await run(files, options);
    });
}

async function run(files: readonly string[], options: RunOptions): Promise<void> {
  const backend = await backendOf(options.backend);
  const inputs = new Map(pairs("--in", options.in ?? []).map(({ name, path }) => [name, path]));
  const outputs = pairs("--out", options.out ?? []);
  const loaded = await loadWorkflows(files);
  const names = namesOf(loaded.workflows);
  checkOutputs(outputs, names);
  const signal = untilSignal();
  const { instances } = options;
  const context: ReportContext = {
    workflows: loaded.workflows.map(({ name }) => name),
    instances,
    cut: planOptions(options).cut,
    reads: [...names.reads.keys()],
  };
  const result = await runWorkflows({
    loaded,
    inputs,
    format: options.format,
    outputs,
    data: options.data ?? backend.data,
    durability: backend.durability,
    instances,
    partitions: options.partitions,
    stateMemory: options.stateMemory,
    cut: options.cut,
    maxErrors: options.maxErrors ?? Infinity,
    stop: signal.received,
  });
  if (options.report === "json") process.stdout.write(`${JSON.stringify(reportOf(result, context))}\n`);
  else summarize(result, context);
  if (result.stopped === undefined) return;
  say(
    result.directory === undefined
      ? `Stopped by ${result.stopped} before the end; nothing was written. With --data DIR a run can be stopped and resumed.`
      : `Stopped by ${result.stopped} after a commit; nothing was written yet. Run the same command again to go on from there.`,
  );
  process.exitCode = signal.exitCode(result.stopped);
}
