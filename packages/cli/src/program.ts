import { Command } from "commander";
import { addCollections } from "./commands/collections.ts";
import { addDead } from "./commands/dead.ts";
import { addDev } from "./commands/dev.ts";
import { addPlan } from "./commands/plan.ts";
import { addReset } from "./commands/reset.ts";
import { addRun } from "./commands/run.ts";
import { addTopics } from "./commands/topics.ts";
import { version } from "./version.ts";

/** The command with its subcommands. */
export function makeProgram(): Command {
  const program = new Command("millrace")
    .description("Serverless data processing for TypeScript.")
    .version(version())
    .addHelpText("after", "\nExample:\n  $ millrace run traffic.ts --in observations=week.csv.gz --out ranking=ranking.ndjson\n");
  for (const add of [addDev, addRun, addPlan, addDead, addTopics, addCollections, addReset]) add(program);
  prepare(program, "millrace");
  return program;
}

/** What all commands share: errors come to main, and each says where its help is. */
function prepare(command: Command, path: string): void {
  command
    .exitOverride()
    .option("--debug", "show the stack of an error")
    .showHelpAfterError(`(${path} --help shows how it is used)`);
  for (const sub of command.commands) prepare(sub, `${path} ${sub.name()}`);
}
