import type { Command } from "commander";
import { collectionOf } from "@millrace/core/internal";
import { createNdjsonWriter } from "@millrace/drivers/files";
import { checkTopic, withDataFolder, type DataFolder } from "../app/data-folder.ts";
import { columns } from "../columns.ts";
import { dataOption, wholeNumber } from "./options.ts";

/** `millrace topics`: what a data folder's topics hold. */
export function addTopics(program: Command): void {
  const topics = program
    .command("topics")
    .description("Shows the topics of a data folder. While a process runs in the folder, it alone has it open.")
    .addHelpText("after", "\nExample:\n  $ millrace topics tail ranking --data ./data -n 3\n");
  topics
    .command("list")
    .description("Lists the topics with their number of partitions and atoms.")
    .addOption(dataOption())
    .addHelpText("after", "\nExample:\n  $ millrace topics list --data ./data\n")
    .action((options: { data: string }) => withDataFolder(options.data, list));
  topics
    .command("tail")
    .description("Prints the last atoms of a topic, oldest first, as NDJSON.")
    .argument("<topic>")
    .addOption(dataOption())
    .option("-n, --lines <n>", "how many", wholeNumber(1, Number.MAX_SAFE_INTEGER), 10)
    .addHelpText("after", "\nExample:\n  $ millrace topics tail ranking --data ./data -n 3\n")
    .action((topic: string, options: { data: string; lines: number }) => withDataFolder(options.data, (folder) => tail(folder, topic, options.lines)));
}

async function list({ ledger }: DataFolder): Promise<void> {
  const rows: string[][] = [];
  for (const [name, partitions] of [...(await ledger.topics())].filter(([topic]) => collectionOf(topic) === undefined).sort(([a], [b]) => (a < b ? -1 : 1))) {
    let atoms = 0;
    for (let partition = 0; partition < partitions; partition++) {
      const { start, end } = await ledger.range(name, partition);
      atoms += end - start;
    }
    rows.push([name, String(partitions), atoms.toLocaleString("en")]);
  }
  process.stdout.write(`${columns([["topic", "partitions", "atoms"], ...rows]).join("\n")}\n`);
}

async function tail(folder: DataFolder, topic: string, lines: number): Promise<void> {
  await checkTopic(folder, topic);
  const last: unknown[] = [];
  for await (const { value } of folder.runtime.read(topic)) {
    last.push(value);
    if (last.length >= 2 * lines) last.splice(0, lines);
  }
  const writer = createNdjsonWriter("-");
  for (const value of last.slice(-lines)) await writer.write(value);
  await writer.close();
}
