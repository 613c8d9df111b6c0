import { MillraceError } from "@millrace/core";
import type { Topic, Workflow } from "@millrace/core";
import { fingerprint, generatorSource, planWorkflow, systemClock } from "@millrace/core/internal";
import type { Generator, Plan, Source } from "@millrace/core/internal";
import type { PlanOfWorker, SourceModule, WorkerStart } from "./messages.ts";

/**
 * Imports workflow modules and plans them as the main thread did. Throws MILLRACE_NOT_FOUND where an
 * export is no workflow, MILLRACE_GRAPH where the module has built another graph here than there.
 */
export async function loadPlans(modules: WorkerStart["modules"], plans: readonly PlanOfWorker[]): Promise<Plan[]> {
  const workflows = new Map<string, { readonly workflow: Workflow; readonly url: string }>();
  for (const { url, exports } of modules) {
    const module = await load(url);
    for (const name of exports) {
      const workflow = module[name];
      if (!isWorkflow(workflow)) throw new MillraceError("MILLRACE_NOT_FOUND", `module ${url}`, `its export ${name} is no workflow; name the export that workflow() made`);
      workflows.set(workflow.name, { workflow, url });
    }
  }
  return plans.map(({ workflow: name, cut, partitions, lanes, generation, fingerprint: expected }) => {
    const loaded = workflows.get(name);
    if (loaded === undefined) {
      throw new MillraceError("MILLRACE_NOT_FOUND", `workflow ${name}`, "no module of the worker host exports it; list its module and export in workerHost({ modules })");
    }
    const plan = planWorkflow(loaded.workflow, { cut, partitions, lanes, generation });
    if (fingerprint(plan) !== expected) {
      throw new MillraceError(
        "MILLRACE_GRAPH",
        `workflow ${name}`,
        `${loaded.url} built another graph in a worker than in the main thread; a module must build the same graph each time it is imported, so do not let it depend on time, chance, or what happened before`,
      );
    }
    return plan;
  });
}

/** Opens a source that is described as data, for a topic. Throws MILLRACE_NOT_FOUND where the module or export is none. */
export async function openSourceModule(description: SourceModule, topic: Pick<Topic<unknown>, "name" | "schema">): Promise<Source> {
  const { module: url, export: name, options = {} } = description;
  const exported = (await load(url))[name];
  const made: unknown = typeof exported === "function" ? await call(exported, { name: topic.name, schema: topic.schema, ...options }) : exported;
  if (isGenerator(made)) return generatorSource(topic.name, made, systemClock());
  if (isSource(made)) return made;
  throw new MillraceError("MILLRACE_NOT_FOUND", `module ${url}`, `its export ${name} is no source of topic ${topic.name}: neither a source nor a generator, nor a function that makes one`);
}

async function load(url: string): Promise<Readonly<Record<string, unknown>>> {
  return (await import(url)) as Readonly<Record<string, unknown>>;
}

function call(exported: object, argument: unknown): unknown {
  return (exported as (value: unknown) => unknown)(argument);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isWorkflow(value: unknown): value is Workflow {
  return isObject(value) && value.kind === "workflow" && Array.isArray(value.nodes);
}

function isGenerator(value: unknown): value is Generator<unknown> {
  return isObject(value) && value.kind === "generator" && typeof value.chunk === "function";
}

function isSource(value: unknown): value is Source {
  return isObject(value) && typeof value.splits === "function" && typeof value.open === "function";
}
