import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { MillraceError } from "@millrace/core";
import type { Ledger, SourceBinding } from "@millrace/core/internal";

/** What a data folder remembers of the inputs that its atoms came from. */
interface RunRecord {
  readonly workflows: readonly string[];
  readonly inputs: Readonly<Record<string, readonly InputSplit[]>>;
}

interface InputSplit {
  readonly id: string;
  readonly bytes?: number;
  /** Of a file: a digest of its first and last 64 KiB. */
  readonly sample?: string;
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
export async function rememberRun(
  ledger: Ledger,
  directory: string,
  workflows: readonly string[],
  sources: Readonly<Record<string, SourceBinding>>,
  sameWorkflows: boolean,
): Promise<Remembered> {
  const now: RunRecord = { workflows: [...workflows].sort(), inputs: await describe(sources) };
  const bytes = await ledger.readRecord(RECORD);
  const before = bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as RunRecord);
  if (before !== undefined) {
    const difference = differenceOf(before, now, sameWorkflows);
    if (difference !== undefined) {
      throw new MillraceError("MILLRACE_STATE_MISMATCH", `data folder ${directory}`, `${difference}; run it with the same again to resume, or take another folder`);
    }
  }
  const inputs = { ...before?.inputs, ...now.inputs };
  const known = sameWorkflows ? now.workflows : [...new Set([...(before?.workflows ?? []), ...now.workflows])].sort();
  await ledger.writeRecord(RECORD, new TextEncoder().encode(JSON.stringify({ workflows: known, inputs })));
  return { resumed: before !== undefined };
}

/** The topics whose atoms a folder's runs read from elsewhere than the store, and from where. */
export async function inputsOf(ledger: Ledger): Promise<ReadonlyMap<string, string>> {
  const bytes = await ledger.readRecord(RECORD);
  if (bytes === undefined) return new Map();
  const { inputs } = JSON.parse(new TextDecoder().decode(bytes)) as RunRecord;
  return new Map(Object.entries(inputs).map(([topic, splits]) => [topic, splits.map(shown).join(", ")]));
}

const RECORD = "run/inputs";
const SAMPLE_BYTES = 64 * 1024;

async function describe(sources: Readonly<Record<string, SourceBinding>>): Promise<RunRecord["inputs"]> {
  const inputs: Record<string, readonly InputSplit[]> = {};
  for (const [topic, source] of Object.entries(sources)) {
    if ("kind" in source) {
      inputs[topic] = [{ id: GENERATOR }];
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
