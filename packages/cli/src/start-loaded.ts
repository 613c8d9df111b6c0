import { resolve } from "node:path";
import { getHeapStatistics } from "node:v8";
import { MillraceError } from "@millrace/core";
import { createMemoryLedger, Runtime, systemClock, type Ledger, type Topics } from "@millrace/core/internal";
import { openEmbeddedLedger } from "@millrace/drivers/embedded";
import { App } from "./app/app.ts";
import { bindingsOf, hostFor } from "./app/bound.ts";
import { namesOf, type GraphNames } from "./app/graph-names.ts";
import { bindInput, bindModuleInput, type BoundInput } from "./app/inputs.ts";
import { limitsOf } from "./app/instance-limits.ts";
import { rememberRun } from "./app/run-record.ts";
import type { LoadedWorkflows } from "./modules.ts";
import type { StartOptions } from "./start-options.ts";

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
  const { data, durability = "process", partitions, stateMemory, maxWaiting, cut } = options;
  const limits = limitsOf(options.instances);
  const ledger = around(data === undefined ? createMemoryLedger() : await openEmbeddedLedger({ directory: data, durability, clock }));
  try {
    const { workflows, modules } = loaded;
    const sources = bindingsOf(inputs);
    if (data !== undefined) await rememberRun(ledger, resolve(data), { workflows, collections, sources, sameWorkflows: false });
    const host = hostFor(options.instances === undefined ? undefined : limits.workers, workflows, modules, inputs);
    const runtime = await Runtime.start({
      workflows,
      ledger,
      clock,
      sources,
      collections,
      ...limits.runtime,
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
