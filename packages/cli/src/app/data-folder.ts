import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { MillraceError } from "@millrace/core";
import { collectionOf, Runtime, systemClock, type Ledger, type Topics } from "@millrace/core/internal";
import { openEmbeddedLedger } from "@millrace/drivers/embedded";
import { readRecord, type RunRecord } from "./run-record.ts";

/** A data folder that is looked into while nothing runs in it. */
export interface DataFolder {
  readonly ledger: Ledger & Topics;
  /** A runtime without workflows: reads topics. */
  readonly runtime: Runtime;
  readonly record: RunRecord | undefined;
  readonly directory: string;
}

/**
 * Opens a data folder for `use`, and closes it. Throws MILLRACE_NOT_FOUND where there is none, and
 * MILLRACE_STORE_LOCKED while a process runs in it: a folder has one owner at a time.
 */
export async function withDataFolder<T>(data: string, use: (folder: DataFolder) => Promise<T>): Promise<T> {
  const directory = resolve(data);
  if (!existsSync(join(directory, "format.json"))) {
    throw new MillraceError("MILLRACE_NOT_FOUND", `data folder ${data}`, "there is none; give the folder that was given to millrace run --data or to start({ data })");
  }
  const ledger = await openEmbeddedLedger({ directory });
  try {
    const runtime = await Runtime.start({ workflows: [], ledger, clock: systemClock() });
    const result = await use({ ledger, runtime, record: await readRecord(ledger), directory });
    await runtime.stop();
    return result;
  } finally {
    await ledger.close();
  }
}

/** Throws MILLRACE_NOT_FOUND, naming what there is, for a topic that the folder does not have. */
export async function checkTopic({ ledger, directory }: DataFolder, topic: string): Promise<void> {
  const known = [...(await ledger.topics()).keys()].filter((name) => collectionOf(name) === undefined);
  if (known.includes(topic)) return;
  throw new MillraceError("MILLRACE_NOT_FOUND", `topic ${topic}`, `the data folder ${directory} has no atoms of it; its topics are: ${known.sort().join(", ") || "none"}`);
}
