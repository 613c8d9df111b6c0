import { Command } from "commander";
import { addRun } from "./commands/run.ts";
import { version } from "./version.ts";

/** The command with its subcommands. */
export function makeProgram(): Command {
  const program = new Command("millrace")
    .description("Serverless data processing for TypeScript.")
    .version(version())
    .option("--debug", "show the stack of an error")
    .showHelpAfterError("(millrace COMMAND --help shows how it is used)")
    .exitOverride()
    .addHelpText("after", "\nExample:\n  $ millrace run traffic.ts --in observations=week.csv.gz --out ranking=ranking.ndjson\n");
  addRun(program);
  for (const command of program.commands) {
    command.exitOverride().option("--debug", "show the stack of an error").showHelpAfterError(`(millrace ${command.name()} --help shows how it is used)`);
  }
  return program;
}
