import { resolve } from "node:path";
import { MillraceError, type Generator, type Topic } from "@millrace/core";
import type { RecordFormat, Source, SourceBinding } from "@millrace/core/internal";
import { fileSource } from "@millrace/drivers/files";

/** What a topic may be read from: files (a path, a glob, several, "-" for standard input), a source, or a generator. */
export type Input = string | readonly string[] | Source | Generator<never>;

export interface FileOptions {
  /** Of files whose names do not tell it. */
  readonly format?: RecordFormat;
}

/** Makes the source that stands behind a topic. Paths become absolute, since they are part of its progress. */
export function bindInput(topic: Topic<unknown>, input: Input, options: FileOptions = {}): SourceBinding {
  if (typeof input === "string" || isPaths(input)) {
    const paths = typeof input === "string" ? [input] : input;
    const path = paths.map((one) => (one === "-" ? one : resolve(one)));
    return fileSource({
      name: topic.name,
      path,
      ...(topic.schema === undefined ? {} : { schema: topic.schema }),
      ...(options.format === undefined ? {} : { format: options.format }),
    });
  }
  if ("open" in input || ("kind" in input && input.kind === "generator")) return input;
  throw new MillraceError("MILLRACE_USAGE", `topic ${topic.name}`, "its input is neither a path, a source nor a generator(…)");
}

function isPaths(input: Input): input is readonly string[] {
  return Array.isArray(input);
}
