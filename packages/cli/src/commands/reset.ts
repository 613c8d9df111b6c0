import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { MillraceError } from "@millrace/core";
import { openEmbeddedLedger } from "@millrace/drivers/embedded";
import { say, usage } from "../say.ts";
import { DEFAULT_DATA } from "./options.ts";

/** `millrace reset`: empties a data folder. */
export function addReset(program: Command): void {
  program
    .command("reset")
    .summary("empty a data folder, so that the next run begins anew")
    .description("Removes what a data folder holds: topics, collections and state, for good. Refused for a folder that is none of Millrace's, and while a process runs in it.")
    .option("--data <dir>", "the folder (default: .millrace in the current folder)")
    .addHelpText("after", "\nExample:\n  $ millrace reset --data ./data\n")
    .action(async ({ data = DEFAULT_DATA }: { data?: string }) => {
      say((await reset(data)) ? `millrace: ${data} is empty now` : `millrace: ${data} was empty already`);
    });
}

/** Whether there was anything. */
async function reset(data: string): Promise<boolean> {
  const directory = resolve(data);
  if (!existsSync(directory) || readdirSync(directory).length === 0) return false;
  if (!existsSync(join(directory, FORMAT))) throw usage(`folder ${data}`, "is no data folder of Millrace, so nothing was removed");
  await checkUnused(directory);
  for (const name of readdirSync(directory)) {
    // Last of all: as long as it is there, what was interrupted can be done again.
    if (name !== FORMAT) rmSync(join(directory, name), { recursive: true, force: true });
  }
  rmSync(join(directory, FORMAT), { force: true });
  return true;
}

const FORMAT = "format.json";

/** Throws MILLRACE_STORE_LOCKED where a process has the folder open. What cannot be read can be removed. */
async function checkUnused(directory: string): Promise<void> {
  try {
    const ledger = await openEmbeddedLedger({ directory });
    await ledger.close();
  } catch (error) {
    if (error instanceof MillraceError && error.code === "MILLRACE_STORE_LOCKED") throw error;
  }
}
