import { MillraceError, type Topic } from "@millrace/core";
import { ByteReader, ByteWriter, DEFAULT_KEY_GROUPS, encodeBatch, encodeKey, keyGroup, keyHash, ObjectRows } from "@millrace/core/internal";
import type { DataFolder } from "./data-folder.ts";
import { deadTopic, topicOfDead } from "./graph-names.ts";

/** Why an atom was refused. `raw` with `position`: it could not be read; `value`: a function failed on it. */
export interface DeadLetter {
  readonly topic: string;
  readonly reason: string;
  readonly position?: string;
  readonly raw?: string;
  readonly operator?: string;
  readonly stack?: string;
  readonly value?: unknown;
  readonly time?: number;
}

export interface NumberedLetter {
  /** Its offset in the topic of dead letters. */
  readonly number: number;
  readonly letter: DeadLetter;
  readonly replayed: boolean;
}

/** What is needed of a folder, or of a running app. */
export type OpenFolder = Pick<DataFolder, "ledger" | "runtime">;

/** Topics of a folder that have dead letters. */
export async function topicsWithDeadLetters({ ledger }: Pick<DataFolder, "ledger">): Promise<readonly string[]> {
  const names = [...(await ledger.topics()).keys()].sort();
  return names.flatMap((name) => topicOfDead(name) ?? []);
}

export async function* deadLettersOf({ ledger, runtime }: OpenFolder, topic: string): AsyncGenerator<NumberedLetter> {
  const replayed = await replayedOf(ledger, topic);
  let number = (await ledger.range(deadTopic(topic), 0)).start;
  for await (const { value } of runtime.read(deadTopic(topic))) {
    yield { number, letter: value as DeadLetter, replayed: replayed.has(number) };
    number++;
  }
}

export interface Replay {
  readonly replayed: number;
  /** Those that were asked for and had been replayed before. */
  readonly before: number;
  /** Numbers that were asked for and no dead letter has. */
  readonly unknown: readonly number[];
  readonly refused: readonly { readonly number: number; readonly reason: string }[];
}

/**
 * Appends what dead letters hold to their topic again, each once: the append and the note that it was
 * made are one commit. What cannot be parsed, or does not match the schema, stays with its reason.
 * `numbers`: only these letters; default: all.
 */
export async function replayDeadLetters<T>(folder: OpenFolder, target: Topic<T>, numbers?: ReadonlySet<number>): Promise<Replay> {
  const topic = target as Topic<unknown>;
  const partition = `dead/${topic.name}`;
  const { ledger } = folder;
  const done = await replayedOf(ledger, topic.name);
  const refused: { number: number; reason: string }[] = [];
  const atoms = new Map<number, { values: unknown[]; times: number[] }>();
  let replayed = 0;
  let before = 0;
  const unknown = new Set(numbers);
  for await (const { number, letter, replayed: already } of deadLettersOf(folder, topic.name)) {
    unknown.delete(number);
    if (numbers?.has(number) === false) continue;
    if (already) {
      before++;
      continue;
    }
    const parsed = parse(topic, letter);
    if ("reason" in parsed) {
      refused.push({ number, reason: parsed.reason });
      continue;
    }
    const to = partitionOf(topic, parsed.value);
    const list = atoms.get(to) ?? { values: [], times: [] };
    atoms.set(to, list);
    list.values.push(parsed.value);
    list.times.push(letter.time ?? Date.now());
    done.add(number);
    replayed++;
  }
  if (replayed === 0) return { replayed, before, unknown: [...unknown], refused };
  const { epoch, version } = await ledger.fence(partition);
  const result = await ledger.commit({
    partition,
    epoch,
    version: version + 1,
    progress: encodeNumbers(done),
    wakeAt: Infinity,
    state: [],
    sends: [],
    applied: [],
    appends: [...atoms].map(([to, { values, times }]) => ({ topic: topic.name, partition: to, count: values.length, bytes: encodeAtoms(values, times) })),
  });
  if (result.outcome === "refused") throw new MillraceError("MILLRACE_FENCED", `topic ${topic.name}`, "another process replays its dead letters; run this again when that is done");
  return { replayed, before, unknown: [...unknown], refused };
}

function parse(topic: Topic<unknown>, letter: DeadLetter): { readonly value: unknown } | { readonly reason: string } {
  let { value } = letter;
  if (letter.raw !== undefined) {
    try {
      value = JSON.parse(letter.raw);
    } catch {
      return { reason: `is no JSON (${letter.reason})` };
    }
  }
  if (topic.schema === undefined) return { value };
  const result = topic.schema["~standard"].validate(value);
  if (result instanceof Promise) return { reason: "its schema validates asynchronously" };
  if (result.issues === undefined) return { value: result.value };
  return { reason: result.issues.map(({ message }) => message).join("; ") };
}

function partitionOf({ partitions, key, name }: Topic<unknown>, value: unknown): number {
  if (partitions === 1) return 0;
  if (key === undefined) throw new MillraceError("MILLRACE_USAGE", `topic ${name}`, "has several partitions; name the file that declares its key by --workflow FILE");
  const writer = new ByteWriter(32);
  encodeKey(key(value), writer);
  return keyGroup(keyHash(writer.bytes(), 0, writer.length), DEFAULT_KEY_GROUPS) % partitions;
}

function encodeAtoms(values: readonly unknown[], times: readonly number[]): Uint8Array {
  const at = Float64Array.from(times);
  const writer = new ByteWriter();
  encodeBatch({ count: values.length, selection: undefined, rows: new ObjectRows(values), times: at, stamps: at, kinds: undefined, keys: undefined }, writer);
  return writer.take();
}

/** The numbers of the letters that were replayed. */
export async function replayedOf(ledger: DataFolder["ledger"], topic: string): Promise<Set<number>> {
  const root = await ledger.root(`dead/${topic}`);
  const numbers = new Set<number>();
  if (root === undefined || root.progress.length === 0) return numbers;
  const reader = new ByteReader(root.progress);
  for (let last = 0; reader.remaining > 0; ) {
    last += reader.varint();
    numbers.add(last);
  }
  return numbers;
}

/** Ascending numbers as differences. */
function encodeNumbers(numbers: ReadonlySet<number>): Uint8Array {
  const writer = new ByteWriter();
  let last = 0;
  for (const number of [...numbers].sort((a, b) => a - b)) {
    writer.varint(number - last);
    last = number;
  }
  return writer.take();
}
