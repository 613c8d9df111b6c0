import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MillraceError, type Generator, type Topic } from "@millrace/core";
import type { RecordFormat, Source, SourceBinding } from "@millrace/core/internal";
import { fileSource } from "@millrace/drivers/files";
import type { SourceModule } from "@millrace/drivers/workers";

/** What a topic may be read from: files (a path, a glob, several, a URL, "-" for standard input), a source, or a generator. */
export type Input = string | readonly string[] | URL | Source | Generator<unknown>;

/** What a module exports in `sources` for a topic; its paths are relative to the module. */
export interface ModuleInput {
  readonly module: string;
  readonly input: Input;
}

/** What stands behind a topic. */
export interface BoundInput {
  readonly binding: SourceBinding;
  /** The same as data, where worker threads can open it themselves; else this thread reads for them. */
  readonly inWorkers: SourceModule | undefined;
}

export interface FileOptions {
  /** Of files whose names do not tell it. */
  readonly format?: RecordFormat;
}

/**
 * Makes the source that stands behind a topic. Relative paths begin at `folder`, and become absolute,
 * since they are part of the topic's progress.
 */
export function bindInput(topic: Topic<unknown>, input: Input, options: FileOptions = {}, folder: string = process.cwd()): BoundInput {
  const paths = pathsOf(input);
  if (paths !== undefined) {
    const files = { ...options, path: paths.map((one) => (one === STANDARD_INPUT ? one : resolve(folder, one))) };
    const { name, schema } = topic;
    const binding = fileSource({ ...files, name, ...(schema === undefined ? {} : { schema }) });
    const module = import.meta.resolve("@millrace/drivers/files");
    return { binding, inWorkers: paths.includes(STANDARD_INPUT) ? undefined : { module, export: "fileSource", options: files } };
  }
  if (isSource(input)) return { binding: input, inWorkers: undefined };
  throw new MillraceError("MILLRACE_USAGE", `topic ${topic.name}`, "its input is neither a path, a URL, a source such as fileSource(…), nor a generator(…)");
}

/** The same for what a module exports: worker threads import it from there. */
export function bindModuleInput(topic: Topic<unknown>, { module, input }: ModuleInput): BoundInput {
  if (!isSource(input)) return bindInput(topic, input, {}, dirname(fileURLToPath(module)));
  const exported = new URL(`./exported-source${extension}`, import.meta.url).href;
  return { binding: input, inWorkers: { module: exported, export: "exportedSource", options: { url: module } } };
}

const STANDARD_INPUT = "-";
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

function pathsOf(input: Input): readonly string[] | undefined {
  if (typeof input === "string") return [input];
  if (input instanceof URL) return [fileURLToPath(input)];
  return Array.isArray(input) ? (input as readonly string[]) : undefined;
}

function isSource(input: Input): input is SourceBinding {
  return typeof input === "object" && input !== null && ("open" in input || ("kind" in input && input.kind === "generator"));
}
