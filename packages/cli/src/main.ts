import { CommanderError } from "commander";
import { quietWarnings } from "@millrace/drivers/workers";
import { makeProgram } from "./program.ts";
import { errorText, EXIT_USAGE, exitCodeOf, say } from "./say.ts";

/** Runs the command with its arguments and ends the process: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // Whoever read the results has seen enough of them.
    if (error.code === "EPIPE") process.exit(0);
  });
  quietWarnings();
  // Stacks, in dead letters too, name the sources of workflows that were compiled.
  process.setSourceMapsEnabled(true);
  try {
    await makeProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    } else {
      say(errorText(error, args.includes("--debug")));
      process.exitCode = exitCodeOf(error);
    }
  }
  // What user code or a read of standard input left open must not keep the process.
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  process.exit();
}
