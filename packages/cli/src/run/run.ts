import * as paths from "node:path";
import type { Cut } from "@millrace/core/internal";
import { Runtime, systemClock } from "@millrace/core/internal";
import type { MillraceError, Workflow } from "@millrace/core";
import { countCommits, type CommitCounts } from "../app/commit-counter.ts";
import { deadTopic, namesOf, type GraphNames } from "../app/graph-names.ts";
import { bindingsOf, hostFor } from "../app/bound.ts";
import type { DeadLetter } from "../app/dead-letters.ts";
import { bindInput, bindModuleInput, type BoundInput, type FileOptions } from "../app/inputs.ts";
import { limitsOf, type InstanceLimits } from "../app/instance-limits.ts";
import { rememberRun } from "../app/run-record.ts";
import { openStore, type Store } from "../app/store.ts";
import type { LoadedWorkflows } from "../modules.ts";
import { say, usage } from "../say.ts";
import { hintsOf } from "./hints.ts";
import { LimitPassed, LimitWatch, type RunLimits } from "./limits.ts";
import { showProgress } from "./progress.ts";
import { firstDeadLetter, letterText, writeResults, type Output, type Written } from "./results.ts";
import { totalOf, type Totals } from "../app/totals.ts";
import { limitYoungGeneration } from "./young-generation.ts";

export interface RunRequest {
  readonly loaded: LoadedWorkflows;
  readonly inputs: ReadonlyMap<string, string>;
  /** How files are read that `inputs` names. */
  readonly files: FileOptions;
  readonly outputs: readonly Output[];
  readonly data: string | undefined;
  readonly durability: "process" | "disk" | undefined;
  /** Worker threads; undefined: none, all runs in this thread. */
  readonly instances: number | InstanceLimits | undefined;
  readonly partitions: number | undefined;
  /** Bytes. */
  readonly stateMemory: number | undefined;
  readonly cut: Cut | undefined;
  readonly limits: RunLimits;
  /** Ends the run after the step that each partition is in. */
  readonly stop: Promise<NodeJS.Signals>;
}

export interface RunResult {
  /** Why it ended before its input did; undefined: it is done. */
  readonly stopped: NodeJS.Signals | undefined;
  readonly totals: Totals;
  readonly counts: CommitCounts;
  /** Dead letters of the whole run, those from before it was resumed too. */
  readonly dead: number;
  /** The first of them. */
  readonly letter: DeadLetter | undefined;
  /** Whether nothing came of atoms that were read, since all were refused. */
  readonly refused: boolean;
  /** What a person should look at. */
  readonly hints: readonly string[];
  readonly resumed: boolean;
  readonly directory: string | undefined;
  readonly seconds: number;
  readonly rows: ReadonlyMap<string, number>;
  /** Results that were not written anywhere. */
  readonly unwritten: readonly string[];
}

/** Runs workflows over bounded input to its end, then writes results. */
export async function runWorkflows(request: RunRequest): Promise<RunResult> {
  const begun = performance.now();
  const names = namesOf(request.loaded.workflows);
  const bound = bindSources(request, names);
  refuseOverwriting(request.outputs, bound);
  const store = await openStore(request.data, request.durability);
  try {
    return await runIn(store, request, names, bound, begun);
  } finally {
    await store.close();
  }
}

async function runIn(store: Store, request: RunRequest, names: GraphNames, bound: ReadonlyMap<string, BoundInput>, begun: number): Promise<RunResult> {
  const { ledger: plain, directory, temporary } = store;
  const { instances, partitions, stateMemory, cut } = request;
  const { workflows, modules } = request.loaded;
  const sources = bindingsOf(bound);
  warnOfTimes(workflows, bound);
  const { resumed } = await rememberRun(plain, directory, { workflows, sources, sameWorkflows: true });
  const deadBefore = await deadLetters(plain, names);
  const watch = new LimitWatch(request.limits, deadBefore);
  const { ledger, counts } = countCommits(plain, watch);

  const limits = limitsOf(instances);
  const host = hostFor(instances === undefined ? undefined : limits.workers, workflows, modules, bound);
  const runtime = await Runtime.start({
    workflows,
    ledger,
    clock: systemClock(),
    sources,
    bounded: true,
    ...limits.runtime,
    ...(partitions === undefined ? {} : { partitions }),
    ...(stateMemory === undefined ? {} : { stateMemory }),
    ...(cut === undefined ? {} : { cut }),
    ...(host === undefined ? {} : { host }),
  });
  const young = host === undefined ? limitYoungGeneration() : undefined;
  const progress = await showProgress(runtime, sources, counts);
  let stopped: NodeJS.Signals | undefined;
  let totals: Totals;
  try {
    stopped = await Promise.race([runtime.finished.then(() => undefined), request.stop, watch.passed]);
    totals = totalOf(await runtime.stats());
  } catch (error) {
    if (!(error instanceof LimitPassed)) throw error;
    const letter = error.kind === "dead" ? await firstDeadLetter(runtime, names) : undefined;
    const details = error.kind === "dead" ? [letter === undefined ? "" : letterText(letter)] : hintsOf({ atomsIn: 0, dead: 0, late: counts.late, chained: chainedOf(bound), letter, times: undefined });
    throw error.toError(details.join(" "), request.data !== undefined);
  } finally {
    progress.end();
    young?.end();
    await stopWithin(runtime, STOP_MILLISECONDS);
  }
  // The step that was under way has been counted by now; worker threads took their counters with them.
  const last = totalOf(await runtime.stats());
  if (last.atomsIn >= totals.atomsIn) totals = last;
  const written = stopped === undefined ? await writeResults(runtime, names, request.outputs) : NOTHING_WRITTEN;
  const dead = deadBefore + counts.dead;
  const letter = dead === 0 ? undefined : await firstDeadLetter(runtime, names);
  return {
    stopped,
    totals,
    counts,
    dead,
    letter,
    refused: stopped === undefined && totals.atomsIn > 0 && counts.dead >= totals.atomsIn && written.empty,
    hints: hintsOf({ ...totals, dead: counts.dead, chained: chainedOf(bound), letter, times: written.times }),
    resumed,
    directory: temporary ? undefined : directory,
    seconds: (performance.now() - begun) / 1000,
    rows: written.rows,
    unwritten: written.unwritten,
  };
}

const NOTHING_WRITTEN: Written = { rows: new Map(), unwritten: [], empty: true, times: undefined };

function chainedOf(bound: ReadonlyMap<string, BoundInput>): readonly string[] {
  return [...bound].filter(([, { chained }]) => chained).map(([name]) => name);
}

/** A read that waits for standard input would keep a step open; whatever is not committed then is simply not done. */
const STOP_MILLISECONDS = 3000;

async function stopWithin(runtime: Runtime, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([runtime.stop(), late]);
  clearTimeout(timer);
}

function bindSources({ loaded, inputs, files }: RunRequest, { reads, topics }: GraphNames): ReadonlyMap<string, BoundInput> {
  const bound = new Map<string, BoundInput>();
  for (const name of inputs.keys()) {
    if (!reads.has(name)) throw usage(`--in ${name}`, `${loaded.workflows.map((one) => one.name).join(", ")} reads no such topic, only ${[...reads.keys()].join(", ")}`);
  }
  if ([...inputs.values()].filter((path) => path === "-").length > 1) throw usage("--in", "standard input can be read as one topic only");
  for (const [name, topic] of reads) {
    const path = inputs.get(name);
    const exported = loaded.sources.get(name);
    if (path !== undefined) bound.set(name, bindInput(topic, path, files));
    else if (exported !== undefined) bound.set(name, bindModuleInput(topic, exported));
    else if (!topics.has(name)) throw unbound(name);
  }
  return bound;
}

/** Results that were written over an input, or where the next run reads them as input, are never meant. */
function refuseOverwriting(outputs: readonly Output[], bound: ReadonlyMap<string, BoundInput>): void {
  for (const { name, path } of outputs) {
    if (path === "-") continue;
    const target = paths.resolve(path);
    for (const [topic, input] of bound) {
      const read = input.paths.find((one) => one === target || paths.matchesGlob(target, one));
      if (read !== undefined) throw usage(`--out ${name}`, `${path} is among the input of ${topic} (${paths.relative(process.cwd(), read)}); write it elsewhere`);
    }
  }
}

function unbound(name: string): MillraceError {
  return usage(`topic ${name}`, `has nothing to read; give --in ${name}=FILE (or "-" for standard input), or let the file export const sources = { ${JSON.stringify(name)}: "FILE" }`);
}

async function deadLetters(ledger: Store["ledger"], { reads }: GraphNames): Promise<number> {
  let dead = 0;
  for (const topic of reads.keys()) dead += (await ledger.range(deadTopic(topic), 0)).end;
  return dead;
}

/** Windows over a file whose rows have no declared time go by when the run reads them: hardly ever what is meant. */
function warnOfTimes(workflows: readonly Workflow[], bound: ReadonlyMap<string, BoundInput>): void {
  for (const { name, nodes } of workflows) {
    if (!nodes.some(({ spec }) => spec.kind === "window")) continue;
    for (const { spec } of nodes) {
      if (spec.kind !== "source" || spec.time !== undefined || !bound.has(spec.topic.name)) continue;
      say(`warning: workflow ${name} has windows, but from(${spec.topic.name}) names no event time, so they go by when atoms are read; give it { time: (value) => … }`);
    }
  }
}
