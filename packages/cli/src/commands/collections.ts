import type { Command } from "commander";
import { MillraceError, type Key } from "@millrace/core";
import { CollectionStore } from "@millrace/core/internal";
import { createNdjsonWriter } from "@millrace/drivers/files";
import { withDataFolder, type DataFolder } from "../app/data-folder.ts";
import { columns } from "../columns.ts";
import { EXIT_FAILED, say } from "../say.ts";
import { dataOption } from "./options.ts";

/** `millrace collections`: what a data folder's collections hold. */
export function addCollections(program: Command): void {
  const collections = program
    .command("collections")
    .description("Shows the collections of a data folder. While a process runs in the folder, it alone has it open.")
    .addHelpText("after", "\nExample:\n  $ millrace collections get ranking --data ./data\n");
  collections
    .command("list")
    .description("Lists the collections with their number of rows.")
    .addOption(dataOption())
    .addHelpText("after", "\nExample:\n  $ millrace collections list --data ./data\n")
    .action((options: { data: string }) => withDataFolder(options.data, list));
  collections
    .command("get")
    .description("Prints the rows of a collection by ascending key, or the row of one key, as NDJSON.")
    .argument("<collection>")
    .argument("[key]", 'text, or JSON: 17, "17", ["a", 1]')
    .addOption(dataOption())
    .addHelpText("after", "\nExample:\n  $ millrace collections get ranking 3 --data ./data\n")
    .action((collection: string, key: string | undefined, options: { data: string }) => withDataFolder(options.data, (folder) => get(folder, collection, key)));
}

async function list(folder: DataFolder): Promise<void> {
  const names = folder.record?.collections ?? [];
  const store = await load(folder, names);
  const rows = names.map((name) => [name, store.rows(name).length.toLocaleString("en")]);
  process.stdout.write(`${columns([["collection", "rows"], ...rows]).join("\n")}\n`);
}

async function get(folder: DataFolder, collection: string, key: string | undefined): Promise<void> {
  const names = folder.record?.collections ?? [];
  if (!names.includes(collection)) {
    throw new MillraceError("MILLRACE_NOT_FOUND", `collection ${collection}`, `the data folder ${folder.directory} has none of this name; there are: ${names.join(", ") || "none"}`);
  }
  const store = await load(folder, [collection]);
  const writer = createNdjsonWriter("-");
  if (key === undefined) {
    for (const { row } of store.rows(collection)) await writer.write(row);
  } else {
    const row = candidates(key).map((one) => store.get(collection, one)).find((found) => found !== undefined);
    if (row !== undefined) await writer.write(row);
    else {
      say(`collection ${collection}: has no row with the key ${key}; text that looks like JSON is written in quotes: '"17"'`);
      process.exitCode = EXIT_FAILED;
    }
  }
  await writer.close();
}

async function load({ ledger }: DataFolder, names: readonly string[]): Promise<CollectionStore> {
  const collections = new CollectionStore(ledger);
  for (const name of names) await collections.load(name);
  return collections;
}

/** A key as JSON where the text is some, else the text itself. */
function candidates(text: string): Key[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [text];
  }
  return (Array.isArray(value) ? value : [value]).every(isScalar) ? [value as Key, text] : [text];
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== "object";
}
