import type { Command } from "commander";
import { topic as makeTopic, type Topic } from "@millrace/core";
import { createNdjsonWriter } from "@millrace/drivers/files";
import { withDataFolder, type DataFolder } from "../app/data-folder.ts";
import { deadLettersOf, replayDeadLetters, topicsWithDeadLetters } from "../app/dead-letters.ts";
import { namesOf } from "../app/graph-names.ts";
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
    .description("Lists the topics with dead letters, or the letters of one topic as NDJSON: reason, place, raw text or value.")
    .argument("[topic]")
    .addOption(dataOption())
    .addHelpText("after", "\nExample:\n  $ millrace dead list readings --data ./data\n")
    .action((topic: string | undefined, options: { data: string }) => withDataFolder(options.data, (folder) => (topic === undefined ? summary(folder) : list(folder, topic))));
  dead
    .command("replay")
    .description("Appends the dead letters of a topic to it again, each once; those that still cannot be parsed stay, with the reason.")
    .argument("<topic>")
    .addOption(dataOption())
    .option("--workflow <file>", "file whose workflows read the topic: its schema and key are then checked and used")
    .addHelpText("after", "\nExample:\n  $ millrace dead replay readings --data ./data --workflow app.ts\n")
    .action((topic: string, options: { data: string; workflow?: string }) => withDataFolder(options.data, (folder) => replay(folder, topic, options.workflow)));
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

async function list(folder: DataFolder, topic: string): Promise<void> {
  const writer = createNdjsonWriter("-");
  for await (const { number, letter, replayed } of deadLettersOf(folder, topic)) await writer.write({ number, replayed, ...letter });
  if (writer.rows === 0) say(`${topic} has no dead letters.`);
  await writer.close();
}

async function replay(folder: DataFolder, name: string, file: string | undefined): Promise<void> {
  const input = inputOf(folder.record, name);
  if (input !== undefined) {
    throw usage(
      `topic ${name}`,
      `was read from ${input}, not from this folder, so atoms that are appended to it here would never be read; write the rows with millrace dead list ${name} --data …, correct them, and run them as an input`,
    );
  }
  const topic = await topicOf(folder, name, file);
  const { replayed, before, refused } = await replayDeadLetters(folder, topic);
  say(`${name}: ${counted(replayed, "atom")} appended again${before > 0 ? `, ${counted(before, "letter")} had been replayed before` : ""}${refused.length > 0 ? `, ${refused.length} not` : ""}`);
  for (const { number, reason } of refused) say(`  letter ${number}: ${reason}`);
  if (refused.length > 0) process.exitCode = EXIT_FAILED;
}

async function topicOf({ ledger }: DataFolder, name: string, file: string | undefined): Promise<Topic<unknown>> {
  if (file === undefined) return makeTopic(name, { partitions: (await ledger.topics()).get(name) ?? 1 });
  const { workflows } = await loadWorkflows([file]);
  const { reads } = namesOf(workflows);
  const topic = reads.get(name);
  if (topic === undefined) throw usage(`--workflow ${file}`, `its workflows read no topic ${name}, only ${[...reads.keys()].join(", ")}`);
  return topic;
}
