import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Runtime } from "@millrace/core/internal";
import { createCsvWriter, createNdjsonWriter, type RowWriter } from "@millrace/drivers/files";
import type { DeadLetter } from "../app/dead-letters.ts";
import { deadTopic, type GraphNames } from "../app/graph-names.ts";
import { LineNumbers } from "../app/line-numbers.ts";
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

/** What was written of a run's results. */
export interface Written {
  /** Rows by name. */
  readonly rows: ReadonlyMap<string, number>;
  /** Results with rows that nobody asked for. */
  readonly unwritten: readonly string[];
  /** Whether no topic and no collection has a row. */
  readonly empty: boolean;
  /** Least and largest event time of the results in topics, and of the windows in those of collections. */
  readonly times: { readonly least: number; readonly most: number } | undefined;
}

/**
 * Writes the results that are named, or all of them to standard output where none is: dead letters are
 * no results. On standard output a single result has its rows as they are, of several each row is
 * `{ NAME: row }`.
 */
export async function writeResults(runtime: Runtime, names: GraphNames, outputs: readonly Output[]): Promise<Written> {
  const rows = new Map<string, number>();
  const results = [...names.topics.keys(), ...names.collections.keys()];
  const times = new TimeSpan();
  for (const { name, path } of outputs) rows.set(name, await writeOne(rowsOf(runtime, names, name, times), open(path)));
  const named = results.filter((name) => rows.has(name));
  if (named.length === 0) for (const name of results) rows.set(name, await print(rowsOf(runtime, names, name, times), name, results.length > 1));
  const unwritten: string[] = [];
  for (const name of results) if (!rows.has(name) && (await hasRows(rowsOf(runtime, names, name, times)))) unwritten.push(name);
  return { rows, unwritten, empty: unwritten.length === 0 && results.every((name) => rows.get(name) === 0), times: times.span };
}

/** The first dead letter of a run. */
export async function firstDeadLetter(runtime: Runtime, { reads }: GraphNames): Promise<DeadLetter | undefined> {
  for (const topic of reads.keys()) {
    for await (const { value } of runtime.read(deadTopic(topic))) return value as DeadLetter;
  }
  return undefined;
}

/** A dead letter as a sentence; its line in a plain file, else the byte in what was read. */
export function letterText({ topic, reason, position, raw = "", operator }: DeadLetter): string {
  const line = position === undefined ? undefined : new LineNumbers().line(position, raw);
  const place = line === undefined ? position : position?.replace(/@\d+$/, `:${line}`);
  return `The first in ${topic}, ${place === undefined ? `in operator ${operator ?? "?"}` : `at ${place}`}: ${reason}`;
}

/** On a terminal, more rows than this of one name are only counted. */
const SHOWN_ROWS = 10;

async function print(rows: AsyncIterable<unknown>, name: string, named: boolean): Promise<number> {
  const writer = createNdjsonWriter("-");
  const most = process.stdout.isTTY ? SHOWN_ROWS : Infinity;
  let count = 0;
  for await (const row of rows) {
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

async function hasRows(rows: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of rows) return true;
  return false;
}

async function* rowsOf(runtime: Runtime, { collections, topics }: GraphNames, name: string, times: TimeSpan): AsyncIterable<unknown> {
  if (collections.has(name)) {
    for (const { row } of runtime.rows(name)) {
      times.addWindow(row);
      yield row;
    }
    return;
  }
  for await (const { value, time } of runtime.read(name)) {
    if (topics.has(name)) times.add(time);
    yield value;
  }
}

class TimeSpan {
  #least = Infinity;
  #most = -Infinity;

  add(time: number): void {
    if (time < this.#least) this.#least = time;
    if (time > this.#most) this.#most = time;
  }

  addWindow(row: unknown): void {
    const window = typeof row === "object" && row !== null && "window" in row ? row.window : undefined;
    if (typeof window === "object" && window !== null && "end" in window && typeof window.end === "number") this.add(window.end);
  }

  get span(): Written["times"] {
    return this.#least <= this.#most ? { least: this.#least, most: this.#most } : undefined;
  }
}
