import type { Generator } from "@millrace/core";
import type { Source } from "@millrace/core/internal";
import type { FileSourceOptions } from "@millrace/drivers/files";
import type { FileUrl } from "./file-url.ts";

/** Files by their paths, and how they are read; the schema is the topic's. */
export type FileInput = Omit<FileSourceOptions, "name" | "schema">;

/** What a topic may be read from: files (a path, a glob, several, a URL, "-" for standard input, or a `FileInput`), a source, or a generator. */
export type Input = string | readonly string[] | FileUrl | FileInput | Source | Generator<unknown>;
