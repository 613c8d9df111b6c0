import type { Command } from "commander";
import type { RecordFormat } from "@millrace/core/internal";
import { planOptions } from "@millrace/core/internal";
import { namesOf } from "../app/graph-names.ts";
import { limitsOf } from "../app/instance-limits.ts";
import { backendOf } from "../backends.ts";
import { loadWorkflows } from "../modules.ts";
import { reportOf, summarize, type ReportContext } from "../run/report.ts";
import { checkOutputs } from "../run/results.ts";
import { runWorkflows } from "../run/run.ts";
import { EXIT_FAILED, say } from "../say.ts";
import { untilSignal } from "../signals.ts";
import { instancesOf, instancesOption, type GivenInstances } from "./instances-option.ts";
import { byteSize, collect, cutOption, delimiter, formatOption, pairs, reportOption, splitsOption, wholeNumber } from "./options.ts";

interface RunOptions {
  readonly in?: readonly string[];
  readonly out?: readonly string[];
  readonly format?: RecordFormat;
  readonly splits?: "one" | "file";
  readonly delimiter?: string;
  readonly data?: string;
  readonly backend?: string;
  readonly instances?: readonly GivenInstances[];
  readonly partitions?: number;
  readonly stateMemory?: number;
  readonly cut?: "none" | "shuffle" | "every";
  readonly maxErrors?: number;
  readonly maxLate?: number;
  readonly report?: "json";
}

/** `millrace run`: bounded input to its end, then the results. */
export function addRun(program: Command): void {
  program
    .command("run")
    .summary("run workflows over bounded input to its end, then write the results")
    .description(
      "Runs the workflows that FILE exports (FILE#NAME: one of them). Reads all input to its end, closes all windows, then " +
        "writes results: topics in order, collections sorted by key, as NDJSON (as CSV where PATH ends in .csv). Unless an --out " +
        "names a result, all of them go to standard output: of one, its rows as they are; of several, each row as { NAME: row }. " +
        "Where one does, only those that are named are written. Topics without --in read what the file exports as `sources`.",
    )
    .argument("<file...>", "modules that export workflows")
    .option("--in <topic=path>", 'read a topic from a file, a glob, or "-": NDJSON or CSV, plain, .gz or .zst (repeatable)', collect)
    .option("--out <name=path>", 'write a topic, a collection or TOPIC.dead to a file or "-" (repeatable)', collect)
    .addOption(formatOption())
    .addOption(splitsOption())
    .option("--delimiter <character>", 'what divides the columns of CSV: a character such as ";", or tab (default: "," and a tab in .tsv)', delimiter)
    .option("--data <dir>", "keep state in this folder: an interrupted run goes on when it is started again")
    .option("--backend <name>", "where it runs: embedded, or a name of millrace.config.ts")
    .addOption(instancesOption())
    .option("--partitions <n>", "divide the keys into n partitions, rounded up to a power of two (default: as many as instances, 64 with --state-memory)", wholeNumber(1, 256))
    .option("--state-memory <size>", "keep about this much keyed state in memory, such as 200MB; partitions take turns where it is more", byteSize)
    .addOption(cutOption())
    .option("--max-errors <n>", "fail after more than n dead letters", wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option("--max-late <n>", "fail after more than n atoms that came too late for their windows", wholeNumber(0, Number.MAX_SAFE_INTEGER))
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
  const instances = instancesOf(options.instances) ?? backend.instances;
  const most = limitsOf(instances).runtime.instances;
  const context: ReportContext = {
    workflows: loaded.workflows.map(({ name }) => name),
    instances: most,
    cut: planOptions({ ...options, instances: most }).cut,
    reads: [...names.reads.keys()],
  };
  const result = await runWorkflows({
    loaded,
    inputs,
    files: {
      ...(options.format === undefined ? {} : { format: options.format }),
      ...(options.splits === undefined ? {} : { splits: options.splits }),
      ...(options.delimiter === undefined ? {} : { csv: { delimiter: options.delimiter } }),
    },
    outputs,
    data: options.data ?? backend.data,
    durability: backend.durability,
    instances,
    partitions: options.partitions,
    stateMemory: options.stateMemory,
    cut: options.cut,
    limits: { maxErrors: options.maxErrors ?? Infinity, maxLate: options.maxLate ?? Infinity },
    stop: signal.received,
  });
  if (options.report === "json") process.stdout.write(`${JSON.stringify(reportOf(result, context))}\n`);
  else summarize(result, context);
  if (result.refused) process.exitCode = EXIT_FAILED;
  if (result.stopped === undefined) return;
  say(
    result.directory === undefined
      ? `Stopped by ${result.stopped} before the end; nothing was written. With --data DIR a run can be stopped and resumed.`
      : `Stopped by ${result.stopped} after a commit; nothing was written yet. Run the same command again to go on from there.`,
  );
  process.exitCode = signal.exitCode(result.stopped);
}
