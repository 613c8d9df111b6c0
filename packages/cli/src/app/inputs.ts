import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MillraceError, type Topic } from "@millrace/core";
import type { SourceBinding } from "@millrace/core/internal";
import { fileSource } from "@millrace/drivers/files";
import type { SourceModule } from "@millrace/drivers/workers";
import { isFileUrl } from "./file-url.ts";
import type { FileInput, Input } from "./input.ts";

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
  /** The paths and globs that are read, absolute; none for what is no file. */
  readonly paths: readonly string[];
  /** Whether they are several files that are read one after the other, as one split. */
  readonly chained: boolean;
}

/** How files are read that are named by their paths alone. */
export type FileOptions = Omit<FileInput, "path">;

/**
 * Makes the source that stands behind a topic. Relative paths begin at `folder`, and become absolute,
 * since they are part of the topic's progress.
 */
export function bindInput(topic: Topic<unknown>, input: Input, options: FileOptions = {}, folder: string = process.cwd()): BoundInput {
  const files = filesOf(input, options);
  if (files !== undefined) {
    const paths = typeof files.path === "string" ? [files.path] : files.path;
    const resolved = { ...files, path: paths.map((one) => (one === STANDARD_INPUT ? one : resolve(folder, one))) };
    const { name, schema } = topic;
    const binding = fileSource({ ...resolved, name, ...(schema === undefined ? {} : { schema }) });
    const module = import.meta.resolve("@millrace/drivers/files");
    const chained = files.splits !== "file" && (paths.length > 1 || GLOB_CHARACTERS.test(paths[0] ?? ""));
    return { binding, inWorkers: paths.includes(STANDARD_INPUT) ? undefined : { module, export: "fileSource", options: resolved }, paths: resolved.path, chained };
  }
  if (isSource(input)) return { binding: input, inWorkers: undefined, paths: [], chained: false };
  throw new MillraceError("MILLRACE_USAGE", `topic ${topic.name}`, "its input is neither a path, a URL, { path, … }, a source such as bucketSource(…), nor a generator(…)");
}

/** The same for what a module exports: worker threads import it from there. */
export function bindModuleInput(topic: Topic<unknown>, { module, input }: ModuleInput): BoundInput {
  if (!isSource(input)) return bindInput(topic, input, {}, dirname(fileURLToPath(module)));
  const exported = new URL(`./exported-source${extension}`, import.meta.url).href;
  return { binding: input, inWorkers: { module: exported, export: "exportedSource", options: { url: module } }, paths: [], chained: false };
}

const STANDARD_INPUT = "-";
const GLOB_CHARACTERS = /[*?[\]{}]/;
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

function filesOf(input: Input, options: FileOptions): FileInput | undefined {
  if (typeof input === "string") return { ...options, path: input };
  if (typeof input === "object" && input !== null && isFileUrl(input)) return { ...options, path: fileURLToPath(input.href) };
  if (Array.isArray(input)) return { ...options, path: input as readonly string[] };
  return typeof input === "object" && input !== null && "path" in input && !isSource(input) ? { ...options, ...input } : undefined;
}

function isSource(input: Input): input is SourceBinding {
  return typeof input === "object" && input !== null && ("open" in input || ("kind" in input && input.kind === "generator"));
}
