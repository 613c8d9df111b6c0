import type { Clock, Cut, Ledger, OptionNames, Topics } from "@millrace/core/internal";
import { checkOptions, createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { openEmbeddedLedger } from "@millrace/drivers/embedded";
import { MillraceError, type AnyCollection, type Workflow } from "@millrace/core";
import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { getHeapStatistics } from "node:v8";
import { App } from "./app/app.ts";
import { namesOf, type GraphNames } from "./app/graph-names.ts";
import { bindingsOf, hostFor } from "./app/bound.ts";
import { bindInput, bindModuleInput, type BoundInput } from "./app/inputs.ts";
import { isFileUrl, type FileUrl } from "./app/file-url.ts";
import type { Input } from "./app/input.ts";
import { limitsOf, type InstanceLimits } from "./app/instance-limits.ts";
import { rememberRun } from "./app/run-record.ts";
import { isWorkflow, loadWorkflows, type LoadedWorkflows } from "./modules.ts";

export interface StartOptions {
  /** Folder that keeps topics, collections and state; starting again resumes there. Default: memory only. */
  readonly data?: string;
  /** What an acknowledged atom survives: "process" (default) a killed process, "disk" a power cut too. */
  readonly durability?: "process" | "disk";
  /** What topics read, by name: paths, a source or a generator. Others read what is appended to them. */
  readonly inputs?: Readonly<Record<string, Input>>;
  /** How many, or within which limits. Default 1. More run in worker threads where the workflows are given as a module, else all in this thread. */
  readonly instances?: number | InstanceLimits;
  /** Into how many partitions keys are divided, up to 256; rounded up to a power of two. Default: as many as there are instances. */
  readonly partitions?: number;
  /**
   * About how many bytes of keyed state are in memory at once; above it partitions take turns, and what
   * waits for the others lies in the data folder. With it there are 64 partitions by default. Default: no limit.
   */
  readonly stateMemory?: number;
  /** Collections that people edit and no workflow writes or reads. */
  readonly collections?: readonly AnyCollection[];
  /**
   * Whether a topic that workflows write ends when they have taken in all their input, so that `finished`
   * waits for the workflows that read it. Default false: more may always come.
   */
  readonly bounded?: boolean;
  /**
   * How many atoms of a topic may wait for the slowest workflow that reads it: above, `append` waits until
   * it has caught up. Default 1,000,000; Infinity: it never waits.
   */
  readonly maxWaiting?: number;
  /** Where workflows are cut into stages. Default: "none" with one partition, else "shuffle". */
  readonly cut?: Cut;
  /** Where time comes from. Default: the system clock. */
  readonly clock?: Clock;
}

const START_OPTIONS: OptionNames<StartOptions> = {
  data: true,
  durability: true,
  inputs: true,
  instances: true,
  partitions: true,
  stateMemory: true,
  collections: true,
  cut: true,
  clock: true,
  bounded: true,
  maxWaiting: true,
};

/** Workflows themselves, or a module that exports them: a URL, or `FILE` or `FILE#EXPORT`. */
export type WorkflowsOrModule = Workflow | readonly Workflow[] | FileUrl | string;

/**
 * Starts workflows inside this program: `const app = await start([ranking], { data: "./data" })`.
 * Throws MILLRACE_STORE_LOCKED where another process has the folder open, and MILLRACE_STATE_MISMATCH
 * where the folder was filled from other inputs or by another graph. A folder in which `run` came to
 * the end of its input is gone on with; where that end has closed windows, joins or timers for good it
 * throws MILLRACE_INPUT_ENDED.
 */
export async function start(given: WorkflowsOrModule, options: StartOptions = {}): Promise<App> {
  checkOptions(options, START_OPTIONS, "start");
  return (await startLoaded(await load(given), options)).app;
}

/** An app with its inside, for what is composed around it. */
export interface Started {
  readonly app: App;
  readonly runtime: Runtime;
  readonly names: GraphNames;
  /** Topics that are read from files, sources or generators. */
  readonly bound: ReadonlySet<string>;
}

/** Starts workflows that have been loaded; `around` may put something between the engine and its store. */
export async function startLoaded(loaded: LoadedWorkflows, options: StartOptions = {}, around: (ledger: Ledger & Topics) => Ledger & Topics = (ledger) => ledger): Promise<Started> {
  const { collections = [] } = options;
  const names = namesOf(loaded.workflows, collections);
  const inputs = new Map<string, BoundInput>();
  for (const [name, topic] of names.reads) {
    const exported = loaded.sources.get(name);
    if (exported !== undefined) inputs.set(name, bindModuleInput(topic, exported));
  }
  for (const [name, input] of Object.entries(options.inputs ?? {})) {
    const topic = names.reads.get(name);
    if (topic === undefined) {
      throw new MillraceError("MILLRACE_USAGE", `inputs.${name}`, `no workflow reads such a topic, only ${[...names.reads.keys()].join(", ")}`);
    }
    inputs.set(name, bindInput(topic, input));
  }
  const clock = options.clock ?? systemClock();
  const { data, durability = "process", partitions, stateMemory, maxWaiting, bounded = false, cut } = options;
  const limits = limitsOf(options.instances ?? 1);
  const ledger = around(data === undefined ? createMemoryLedger() : await openEmbeddedLedger({ directory: data, durability, clock }));
  try {
    const { workflows, modules } = loaded;
    const sources = bindingsOf(inputs);
    if (data !== undefined) await rememberRun(ledger, resolve(data), { workflows, collections, sources, sameWorkflows: false });
    const host = hostFor(limits.instances, workflows, modules, inputs);
    const runtime = await Runtime.start({
      workflows,
      ledger,
      clock,
      sources,
      collections,
      bounded,
      ...limits,
      ...(partitions === undefined ? {} : { partitions }),
      memory: getHeapStatistics().heap_size_limit,
      ...(stateMemory === undefined ? {} : { stateMemory }),
      ...(maxWaiting === undefined ? {} : { maxWaiting }),
      ...(cut === undefined ? {} : { cut }),
      ...(host === undefined ? {} : { host }),
    });
    const bound = new Set(inputs.keys());
    return { app: new App(runtime, names, bound, () => ledger.close()), runtime, names, bound };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

async function load(given: WorkflowsOrModule): Promise<LoadedWorkflows> {
  if (typeof given === "string") return loadWorkflows([given]);
  if (typeof given === "object" && given !== null && isFileUrl(given)) return loadWorkflows([fileURLToPath(given.href) + given.hash]);
  const workflows = isWorkflow(given) ? [given] : given;
  if (workflows.length === 0 || !workflows.every(isWorkflow)) {
    throw new MillraceError("MILLRACE_USAGE", "start", "give it a workflow, an array of workflows, or the URL of a module that exports some");
  }
  return { workflows, sources: new Map(), modules: [], dashboards: [], collections: [] };
}
