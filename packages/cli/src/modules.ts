import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MillraceError, type Workflow } from "@millrace/core";
import type { Input, ModuleInput } from "./app/inputs.ts";
import { usage } from "./say.ts";

/** What a module of workflows exports. */
export interface LoadedModule {
  /** URL of the module, by which a worker thread imports it. */
  readonly url: string;
  /** Workflows by the name of their export. */
  readonly workflows: ReadonlyMap<string, Workflow>;
  /** Its `sources`: what stands behind topics that are not bound by hand. */
  readonly sources: Readonly<Record<string, Input>>;
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
}

/**
 * Imports `FILE` or `FILE#EXPORT`: every exported workflow, or the one. Throws MILLRACE_NOT_FOUND where
 * there is no such file, export or workflow, and MILLRACE_USAGE where the module does not load.
 */
export async function loadModule(reference: string): Promise<LoadedModule> {
  const { file, name } = split(reference);
  const path = resolve(file);
  if (!existsSync(path)) throw usage(`file ${file}`, `there is no such file (from ${process.cwd()}); check the path`);
  const url = pathToFileURL(realpathSync(path)).href;
  const exported = await importModule(file, url);
  const workflows = new Map(Object.entries(exported).filter((entry): entry is [string, Workflow] => isWorkflow(entry[1])));
  if (workflows.size === 0) {
    throw usage(`file ${file}`, `exports no workflow; write: export const NAME = workflow("NAME", (flow) => …)`);
  }
  const { sources } = exported;
  if (name === undefined) return { url, workflows, sources: sourcesOf(file, sources) };
  const found = workflows.get(name);
  if (found === undefined) throw usage(`file ${file}`, `exports no workflow ${name}; its workflows are: ${[...workflows.keys()].join(", ")}`);
  return { url, workflows: new Map([[name, found]]), sources: sourcesOf(file, sources) };
}

/** The workflows of several modules together. Throws MILLRACE_USAGE where two have one name. */
export async function loadWorkflows(references: readonly string[]): Promise<LoadedWorkflows> {
  const workflows: Workflow[] = [];
  const sources = new Map<string, ModuleInput>();
  const modules: WorkflowModule[] = [];
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
    for (const [topic, input] of Object.entries(loaded.sources)) sources.set(topic, { module: loaded.url, input });
  }
  return { workflows, sources, modules };
}

/** Whether a value is a workflow: by its shape, since the module may have imported another copy of the package. */
export function isWorkflow(value: unknown): value is Workflow {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "workflow" && "nodes" in value;
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

async function importModule(file: string, url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const { name = "Error", message = String(error), stack = "" } = error instanceof Error ? error : {};
    const place = error instanceof SyntaxError ? syntaxPlace(stack, url) : placeIn(stack);
    throw new MillraceError("MILLRACE_USAGE", `file ${file}`, `cannot be loaded: ${name}: ${message}${place}`, { cause: error });
  }
}

/** The first line of the stack that lies in a file of the user. */
function placeIn(stack: string): string {
  for (const line of stack.split("\n")) {
    const [, at] = /\(?(file:\/\/[^\s)]+:\d+:\d+)\)?\s*$/.exec(line) ?? [];
    if (at !== undefined && !at.includes("/node_modules/") && !at.startsWith(new URL("..", import.meta.url).href)) return `\n  at ${shown(at)}`;
  }
  return "";
}

/** Where a file, or one that it imports, cannot be parsed: from the stack, else from what Node says as it dies of it. */
function syntaxPlace(stack: string, url: string): string {
  const told = frameOf(stack);
  if (told !== "") return told;
  // A module that cannot be parsed does not run, so asking does no harm.
  const { stderr } = spawnSync(process.execPath, ["--no-warnings", ...process.execArgv, fileURLToPath(url)], { encoding: "utf8", timeout: 10_000 });
  return frameOf(stderr ?? "");
}

/** The place and the code that a message of the parser begins with. */
function frameOf(text: string): string {
  const [place = "", ...rest] = text.split("\n");
  if (!/:\d+$/.test(place)) return "";
  const end = rest.findIndex((line) => line.trim() === "" || /^\w*Error\b/.test(line));
  return [`\n  at ${shown(place)}`, ...rest.slice(0, Math.max(0, end)).map((line) => `  ${line}`)].join("\n");
}

function shown(place: string): string {
  const [, url, line] = /^(.*?)((?::\d+)+)$/.exec(place) ?? [];
  const path = url !== undefined && url.startsWith("file:") ? fileURLToPath(url) : (url ?? place);
  return `${relative(process.cwd(), path) || path}${line ?? ""}`;
}
