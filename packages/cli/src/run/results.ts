import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Runtime } from "@millrace/core/internal";
import { createCsvWriter, createNdjsonWriter, type RowWriter } from "@millrace/drivers/files";
import { deadTopic, type GraphNames } from "../app/graph-names.ts";
import { say, usage } from "../say.ts";

/** Where the rows of a topic or a collection go: a file, or "-" for standard output. */
export interface Output {
  readonly name: string;
  readonly path: string;
}

/** Names that may be written: topics and collections of the workflows, and dead letters of what they read. */
export function writable({ reads, topics, collections }: GraphNames): readonly string[] {
  return [...topics.keys(), ...collections.keys(), ...[...reads.keys()].map(deadTopic)];
}

/** Throws MILLRACE_USAGE for a name that the workflows do not write, or a folder that is not there: before the run, not after. */
export function checkOutputs(outputs: readonly Output[], names: GraphNames): void {
  const known = writable(names);
  const paths = new Set<string>();
  for (const { name, path } of outputs) {
    if (!known.includes(name)) throw usage(`--out ${name}`, `no workflow of this run writes it; there are: ${known.join(", ")}`);
    if (paths.has(path)) throw usage(`--out ${name}`, `${path === "-" ? "standard output" : path} is already the target of another --out`);
    paths.add(path);
    if (path === "-") continue;
    if (!existsSync(dirname(path))) throw usage(`--out ${name}`, `the folder ${dirname(path)} does not exist; make it first`);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw usage(`--out ${name}`, `${path} is a folder; name a file`);
  }
}

/** Writes what was asked for; without any `--out`, all results to standard output. Rows by name. */
export async function writeResults(runtime: Runtime, names: GraphNames, outputs: readonly Output[]): Promise<ReadonlyMap<string, number>> {
  const rows = new Map<string, number>();
  for (const { name, path } of outputs) rows.set(name, await writeOne(rowsOf(runtime, names, name), open(path)));
  if (outputs.length > 0) return rows;
  const shown = [...names.topics.keys(), ...names.collections.keys()];
  for (const name of shown) rows.set(name, await print(runtime, names, name, shown.length > 1));
  return rows;
}

/** The first dead letter, as a sentence. */
export async function firstDeadLetter(runtime: Runtime, { reads }: GraphNames): Promise<string | undefined> {
  for (const topic of reads.keys()) {
    for await (const { value } of runtime.read(deadTopic(topic))) {
      const { reason, position, operator } = value as { reason: string; position?: string; operator?: string };
      return `The first in ${topic}, ${position === undefined ? `in operator ${operator ?? "?"}` : `at ${position}`}: ${reason}`;
    }
  }
  return undefined;
}

/** On a terminal, more rows than this of one name are only counted. */
const SHOWN_ROWS = 10;

async function print(runtime: Runtime, names: GraphNames, name: string, named: boolean): Promise<number> {
  const writer = createNdjsonWriter("-");
  const most = process.stdout.isTTY ? SHOWN_ROWS : Infinity;
  let count = 0;
  for await (const row of rowsOf(runtime, names, name)) {
    if (count++ < most) await writer.write(named ? { [name]: row } : row);
  }
  await writer.close();
  if (count > most) say(`… ${(count - most).toLocaleString("en")} more of ${name}; --out ${name}=FILE writes them all`);
  return count;
}

function open(path: string): RowWriter {
  return /\.csv(\.gz|\.zst)?$/.test(path) ? createCsvWriter(path) : createNdjsonWriter(path);
}

async function writeOne(rows: AsyncIterable<unknown>, writer: RowWriter): Promise<number> {
  try {
    for await (const row of rows) await writer.write(row);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writer.close();
  return writer.rows;
}

async function* rowsOf(runtime: Runtime, { collections }: GraphNames, name: string): AsyncIterable<unknown> {
  if (collections.has(name)) {
    for (const { row } of runtime.rows(name)) yield row;
    return;
  }
  for await (const { value } of runtime.read(name)) yield value;
}
