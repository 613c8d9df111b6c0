import { once } from "node:events";
import type { Command } from "commander";
import { topic as makeTopic, type Topic } from "@millrace/core";
import { collectionOf } from "@millrace/core/internal";
import { createNdjsonWriter } from "@millrace/drivers/files";
import { withDataFolder, type DataFolder } from "../app/data-folder.ts";
import { deadLettersOf, replayDeadLetters, topicsWithDeadLetters } from "../app/dead-letters.ts";
import { namesOf } from "../app/graph-names.ts";
import { LineNumbers } from "../app/line-numbers.ts";
import { inputOf } from "../app/run-record.ts";
import { columns } from "../columns.ts";
import { loadWorkflows } from "../modules.ts";
import { counted, EXIT_FAILED, say, usage } from "../say.ts";
import { dataOption } from "./options.ts";

/** `millrace dead`: the dead letters of a data folder. */
export function addDead(program: Command): void {
  const dead = program
    .command("dead")
    .description("Shows the dead letters of a data folder, and appends them to their topic again.")
    .addHelpText("after", "\nExample:\n  $ millrace dead list readings --data ./data\n");
  dead
    .command("list")
    .description("Lists the topics with dead letters, or the letters of one topic as NDJSON: number, reason, place, raw text or value.")
    .argument("[topic]")
    .addOption(dataOption())
    .option("--raw", "of each letter only what was refused, a line each, as it was read: to be corrected and run again")
    .addHelpText("after", "\nExamples:\n  $ millrace dead list --data ./data\n  $ millrace dead list readings --raw --data ./data > again.ndjson\n")
    .action((topic: string | undefined, options: { data: string; raw?: true }) =>
      withDataFolder(options.data, (folder) => (topic === undefined ? summary(folder) : list(folder, topic, options.raw === true))),
    );
  dead
    .command("replay")
    .description(
      "Appends the dead letters of a topic to it again, each once: all, or those of the numbers that dead list shows. The next run or " +
        "start in the folder reads them. Those that still cannot be parsed stay, with the reason.",
    )
    .argument("<topic>")
    .argument("[numbers...]", "numbers and ranges: 0 3-5 (default: all)")
    .addOption(dataOption())
    .option("--workflow <file>", "file whose workflows read the topic: its schema and key are then checked and used")
    .addHelpText("after", "\nExamples:\n  $ millrace dead replay readings --data ./data --workflow app.ts\n  $ millrace dead replay readings 0 3-5 --data ./data\n")
    .action((topic: string, numbers: readonly string[], options: { data: string; workflow?: string }) =>
      withDataFolder(options.data, (folder) => replay(folder, topic, numbersOf(numbers), options.workflow)),
    );
}

async function summary(folder: DataFolder): Promise<void> {
  const rows: string[][] = [];
  for (const topic of await topicsWithDeadLetters(folder)) {
    let letters = 0;
    let replayed = 0;
    let reason = "";
    for await (const one of deadLettersOf(folder, topic)) {
      letters++;
      if (one.replayed) replayed++;
      reason = one.letter.reason;
    }
    rows.push([topic, letters.toLocaleString("en"), replayed.toLocaleString("en"), reason]);
  }
  process.stdout.write(`${columns([["topic", "dead letters", "replayed", "last reason"], ...rows]).join("\n")}\n`);
}

async function list(folder: DataFolder, topic: string, raw: boolean): Promise<void> {
  if (!(await knows(folder, topic))) return;
  const writer = createNdjsonWriter("-");
  const lines = new LineNumbers();
  let letters = 0;
  for await (const { number, letter, replayed } of deadLettersOf(folder, topic)) {
    letters++;
    if (raw) {
      if (!process.stdout.write(`${letter.raw ?? JSON.stringify(letter.value)}\n`)) await once(process.stdout, "drain");
      continue;
    }
    const line = letter.position === undefined ? undefined : lines.line(letter.position, letter.raw ?? "");
    await writer.write({ number, replayed, ...letter, ...(line === undefined ? {} : { line }) });
  }
  if (letters === 0) say(`${topic} has no dead letters.`);
  await writer.close();
}

/** Whether the folder has the topic; says which there are where it has not. */
async function knows({ ledger, record, directory }: DataFolder, topic: string): Promise<boolean> {
  const stored = [...(await ledger.topics()).keys()].filter((name) => collectionOf(name) === undefined).map((name) => name.replace(/\.dead$/, ""));
  const known = [...new Set([...Object.keys(record?.inputs ?? {}), ...stored])].sort();
  if (known.includes(topic)) return true;
  say(`millrace: topic ${topic}: the data folder ${directory} has none of this name; its topics are: ${known.join(", ") || "none"}`);
  process.exitCode = EXIT_FAILED;
  return false;
}

async function replay(folder: DataFolder, name: string, numbers: ReadonlySet<number> | undefined, file: string | undefined): Promise<void> {
  if (!(await knows(folder, name))) return;
  const input = inputOf(folder.record, name);
  if (input !== undefined) {
    throw usage(
      `topic ${name}`,
      `was read from ${input}, not from this folder, so atoms that are appended to it here would never be read; write them out by millrace dead list ${name} --raw --data …, correct them, and run them as an input`,
    );
  }
  const topic = await topicOf(folder, name, file);
  const { replayed, before, unknown, refused } = await replayDeadLetters(folder, topic, numbers);
  if (replayed + before + refused.length === 0 && unknown.length === 0) say(`${name} has no dead letters; nothing was appended.`);
  if (replayed > 0) say(`${name}: ${counted(replayed, "dead letter")} appended to it again; the next run or start in ${folder.directory} reads ${replayed === 1 ? "it" : "them"}.`);
  if (before > 0) say(`  ${counted(before, "letter was", "letters were")} left out, replayed before.`);
  for (const { number, reason } of refused) say(`  letter ${number} stays: ${reason}`);
  for (const number of unknown) say(`  there is no letter ${number}; millrace dead list ${name} shows their numbers`);
  if (refused.length + unknown.length > 0) process.exitCode = EXIT_FAILED;
}

/** Numbers and ranges of them; undefined where none are given. */
function numbersOf(texts: readonly string[]): ReadonlySet<number> | undefined {
  if (texts.length === 0) return undefined;
  const numbers = new Set<number>();
  for (const text of texts) {
    const [, from = "", to = from] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
    if (from === "" || Number(to) < Number(from) || Number(to) - Number(from) > MOST_NUMBERS) throw usage(`number ${text}`, "give numbers and ranges of dead letters, such as 0 3-5");
    for (let number = Number(from); number <= Number(to); number++) numbers.add(number);
  }
  return numbers;
}

const MOST_NUMBERS = 1_000_000;

async function topicOf({ ledger }: DataFolder, name: string, file: string | undefined): Promise<Topic<unknown>> {
  if (file === undefined) return makeTopic(name, { partitions: (await ledger.topics()).get(name) ?? 1 });
  const { workflows } = await loadWorkflows([file]);
  const { reads } = namesOf(workflows);
  const topic = reads.get(name);
  if (topic === undefined) throw usage(`--workflow ${file}`, `its workflows read no topic ${name}, only ${[...reads.keys()].join(", ")}`);
  return topic;
}
