import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyCollection, Workflow } from "@millrace/core";
import type { Dashboard } from "@millrace/core/dashboards";
import type { Input } from "./app/input.ts";
import type { ModuleInput } from "./app/inputs.ts";
import { importModule } from "./import-module.ts";
import { usage } from "./say.ts";

/** What a module of workflows exports. */
export interface LoadedModule {
  /** URL of the module, by which a worker thread imports it. */
  readonly url: string;
  /** Workflows by the name of their export. */
  readonly workflows: ReadonlyMap<string, Workflow>;
  /** Its `sources`: what stands behind topics that are not bound by hand. */
  readonly sources: Readonly<Record<string, Input>>;
  readonly dashboards: readonly Dashboard[];
  /** Collections that it exports: those that no workflow writes can be edited all the same. */
  readonly collections: readonly AnyCollection[];
}

/** Where a worker thread finds a workflow: a module's URL and the name of the export. */
export interface WorkflowModule {
  readonly url: string;
  readonly name: string;
}

export interface LoadedWorkflows {
  readonly workflows: readonly Workflow[];
  /** What the modules export as `sources`, by topic. */
  readonly sources: ReadonlyMap<string, ModuleInput>;
  /** Where each workflow was found, in the same order. */
  readonly modules: readonly WorkflowModule[];
  /** Pages that the modules export, in order. */
  readonly dashboards: readonly Dashboard[];
  readonly collections: readonly AnyCollection[];
}

/**
 * Imports `FILE` or `FILE#EXPORT`: every exported workflow, or the one. Throws MILLRACE_USAGE where
 * there is no such file, export or workflow, or the module does not load.
 */
export async function loadModule(reference: string): Promise<LoadedModule> {
  const { file, name } = split(reference);
  const path = resolve(file);
  if (!existsSync(path)) throw usage(`file ${file}`, `there is no such file (from ${process.cwd()}); check the path`);
  const url = pathToFileURL(realpathSync(path)).href;
  const exported = await importModule(file, path);
  const workflows = new Map(Object.entries(exported).filter((entry): entry is [string, Workflow] => isWorkflow(entry[1])));
  if (workflows.size === 0) {
    throw usage(`file ${file}`, `exports no workflow; write: export const NAME = workflow("NAME", (flow) => …)`);
  }
  const { sources } = exported;
  const dashboards = Object.values(exported).filter(isDashboard);
  const collections = Object.values(exported).filter(isCollection);
  if (name === undefined) return { url, workflows, sources: sourcesOf(file, sources), dashboards, collections };
  const found = workflows.get(name);
  if (found === undefined) throw usage(`file ${file}`, `exports no workflow ${name}; its workflows are: ${[...workflows.keys()].join(", ")}`);
  return { url, workflows: new Map([[name, found]]), sources: sourcesOf(file, sources), dashboards, collections };
}

/** The workflows of several modules together. Throws MILLRACE_USAGE where two have one name. */
export async function loadWorkflows(references: readonly string[]): Promise<LoadedWorkflows> {
  const workflows: Workflow[] = [];
  const sources = new Map<string, ModuleInput>();
  const modules: WorkflowModule[] = [];
  const dashboards = new Map<string, Dashboard>();
  const collections = new Map<string, AnyCollection>();
  for (const reference of references) {
    const loaded = await loadModule(reference);
    for (const [name, found] of loaded.workflows) {
      if (workflows.includes(found)) continue;
      if (workflows.some((other) => other.name === found.name)) {
        throw usage(`file ${reference}`, `two workflows are named ${found.name}; give each its own name, or name one by FILE#EXPORT`);
      }
      workflows.push(found);
      modules.push({ url: loaded.url, name });
    }
    for (const page of loaded.dashboards) dashboards.set(page.name, page);
    for (const one of loaded.collections) collections.set(one.name, one);
    for (const [topic, input] of Object.entries(loaded.sources)) sources.set(topic, { module: loaded.url, input });
  }
  return { workflows, sources, modules, dashboards: [...dashboards.values()], collections: [...collections.values()] };
}

/** Whether a value is a workflow: by its shape, since the module may have imported another copy of the package. */
export function isWorkflow(value: unknown): value is Workflow {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "workflow" && "nodes" in value;
}

function isDashboard(value: unknown): value is Dashboard {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "dashboard" && "panels" in value;
}

function isCollection(value: unknown): value is AnyCollection {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "collection" && "key" in value;
}

function split(reference: string): { readonly file: string; readonly name: string | undefined } {
  const at = reference.lastIndexOf("#");
  if (at <= 0 || existsSync(resolve(reference))) return { file: reference, name: undefined };
  return { file: reference.slice(0, at), name: reference.slice(at + 1) };
}

function sourcesOf(file: string, sources: unknown): Readonly<Record<string, Input>> {
  if (sources === undefined) return {};
  if (typeof sources === "object" && sources !== null) return sources as Record<string, Input>;
  throw usage(`file ${file}`, "its export `sources` must be an object of topic names and what they read: { readings: generator(…) }");
}
