import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { MillraceError, type AnyCollection, type Workflow } from "@millrace/core";
import type { Ledger, SourceBinding } from "@millrace/core/internal";
import { namesOf } from "./graph-names.ts";

/** What a data folder remembers of the inputs that its atoms came from. */
export interface RunRecord {
  readonly workflows: readonly string[];
  /** Names of the collections that they write. */
  readonly collections: readonly string[];
  readonly inputs: Readonly<Record<string, readonly InputSplit[]>>;
}

interface InputSplit {
  readonly id: string;
  readonly bytes?: number;
  /** Of a file: a digest of its first and last 64 KiB. */
  readonly sample?: string;
}

export interface RunToRemember {
  readonly workflows: readonly Workflow[];
  /** Collections that are edited, beside those of the workflows. */
  readonly collections?: readonly AnyCollection[];
  readonly sources: Readonly<Record<string, SourceBinding>>;
  /** Whether other workflows than before are refused. */
  readonly sameWorkflows: boolean;
}

/** Whether the folder has been run in before. */
export interface Remembered {
  readonly resumed: boolean;
}

/**
 * Checks that a data folder is gone on with where it was left: the same workflows (with `sameWorkflows`)
 * over the same inputs; then remembers them. Throws MILLRACE_STATE_MISMATCH, saying what differs: rows of
 * two inputs are never mixed in silence.
 */
export async function rememberRun(ledger: Ledger, directory: string, { workflows, collections, sources, sameWorkflows }: RunToRemember): Promise<Remembered> {
  const now: RunRecord = {
    workflows: workflows.map(({ name }) => name).sort(),
    collections: [...namesOf(workflows, collections).collections.keys()].sort(),
    inputs: await describe(sources),
  };
  const before = await readRecord(ledger);
  if (before !== undefined) {
    const difference = differenceOf(before, now, sameWorkflows);
    if (difference !== undefined) {
      throw new MillraceError("MILLRACE_STATE_MISMATCH", `data folder ${directory}`, `${difference}; run it with the same again to resume, or take another folder`);
    }
  }
  const record: RunRecord = {
    workflows: union(before?.workflows, now.workflows),
    collections: union(before?.collections, now.collections),
    inputs: { ...before?.inputs, ...now.inputs },
  };
  await ledger.writeRecord(RECORD, new TextEncoder().encode(JSON.stringify(record)));
  return { resumed: before !== undefined };
}

/** What a folder has been run with; undefined where it was filled by something else. */
export async function readRecord(ledger: Ledger): Promise<RunRecord | undefined> {
  const bytes = await ledger.readRecord(RECORD);
  return bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as RunRecord);
}

/** Where a topic's atoms were read from, for a person; undefined where they lie in the folder itself. */
export function inputOf(record: RunRecord | undefined, topic: string): string | undefined {
  return record?.inputs[topic]?.map(shown).join(", ");
}

const RECORD = "run/inputs";
const SAMPLE_BYTES = 64 * 1024;

function union(before: readonly string[] = [], now: readonly string[]): readonly string[] {
  return [...new Set([...before, ...now])].sort();
}

async function describe(sources: Readonly<Record<string, SourceBinding>>): Promise<RunRecord["inputs"]> {
  const inputs: Record<string, readonly InputSplit[]> = {};
  for (const [topic, source] of Object.entries(sources)) {
    if ("kind" in source) {
      inputs[topic] = [{ id: source.identity ?? GENERATOR }];
      continue;
    }
    const splits = await source.splits();
    inputs[topic] = splits.map(({ id, bytes }): InputSplit => {
      const sample = bytes === undefined ? undefined : sampleOf(pathOf(id));
      return { id, ...(bytes === undefined ? {} : { bytes }), ...(sample === undefined ? {} : { sample }) };
    });
  }
  return inputs;
}

function differenceOf(before: RunRecord, now: RunRecord, sameWorkflows: boolean): string | undefined {
  if (sameWorkflows && before.workflows.join() !== now.workflows.join()) {
    return `it holds a run of ${before.workflows.join(", ")}, not of ${now.workflows.join(", ")}`;
  }
  for (const [topic, splits] of Object.entries(now.inputs)) {
    const known = before.inputs[topic];
    if (known === undefined) continue;
    const was = known.map(shown).join(", ");
    const is = splits.map(shown).join(", ");
    if (was !== is) return `its topic ${topic} was read from ${was}, not from ${is}`;
    if (known.some(({ sample }, i) => sample !== splits[i]?.sample)) return `its topic ${topic} was read from ${was}, whose content has changed since`;
  }
  return undefined;
}

/** A split of files is named PATHS#CHUNK-SIZE. */
function pathOf(id: string): string {
  return id.replace(/#\d+$/, "");
}

const GENERATOR = "a generator";

function shown({ id, bytes }: InputSplit): string {
  const path = pathOf(id);
  const name = path === "-" ? "standard input" : path;
  return bytes === undefined ? name : `${name} (${bytes.toLocaleString("en")} bytes)`;
}

/** A digest of the ends of one regular file; a glob or several files have their size only. */
function sampleOf(path: string): string | undefined {
  const size = statSync(path, { throwIfNoEntry: false });
  if (size?.isFile() !== true) return undefined;
  const file = openSync(path, "r");
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.alloc(SAMPLE_BYTES);
    for (const at of [0, Math.max(0, size.size - SAMPLE_BYTES)]) hash.update(buffer.subarray(0, readSync(file, buffer, 0, SAMPLE_BYTES, at)));
    return hash.digest("hex").slice(0, 32);
  } finally {
    closeSync(file);
  }
}
