import { Option, type Command } from "commander";
import { say } from "../say.ts";
import { untilSignal } from "../signals.ts";
import { instancesOf, instancesOption, type GivenInstances } from "./instances-option.ts";
import { byteSize, collect, LOG_LEVELS, wholeNumber, type LogLevel } from "./options.ts";

interface DevOptions {
  readonly data?: string;
  readonly port: number;
  readonly host: string;
  readonly allowHost?: readonly string[];
  readonly instances?: readonly GivenInstances[];
  readonly partitions?: number;
  readonly stateMemory?: number;
  readonly log?: LogLevel;
}

/** `millrace dev`: workflows that run, with their API and page. */
export function addDev(program: Command): void {
  program
    .command("dev")
    .summary("run workflows, with an HTTP API and a page, until it is stopped")
    .description(
      "Runs the workflows that FILE exports (FILE#NAME: one of them) and serves them: topics, collections, dead letters, metrics. " +
        "Topics read what the file exports as `sources`, and what is posted to them. Stopped and started again it goes on where it was.",
    )
    .argument("<file...>", "modules that export workflows")
    .option("--data <dir>", "keep state in this folder (default: .millrace in the current folder)")
    .option("--port <n>", "listen on this port; 0: any that is free", wholeNumber(0, 65_535), 7070)
    .option("--host <address>", "listen on this address; any but the loopback needs a token in the variable MILLRACE_TOKEN", "127.0.0.1")
    .option("--allow-host <name>", "a name under which the server is reached, beside its address (repeatable)", collect)
    .addOption(instancesOption())
    .option("--partitions <n>", "divide the keys into n partitions, rounded up to a power of two", wholeNumber(1, 256))
    .option("--state-memory <size>", "keep about this much keyed state in memory, such as 200MB", byteSize)
    .addOption(new Option("--log <level>", "log to standard error, as lines of JSON (default: warn on a terminal, else info)").choices(LOG_LEVELS))
    .addHelpText("after", "\nExample:\n  $ millrace dev traffic.ts --port 8080\n  $ curl http://127.0.0.1:8080/v1/collections/ranking/rows\n")
    .action(async (files: readonly string[], options: DevOptions) => {
      const instances = instancesOf(options.instances);
      const { port, host, allowHost = [], partitions, stateMemory, data, log = process.stderr.isTTY ? "warn" : "info" } = options;
      const signal = untilSignal();
      // Loaded here: no other command needs a server.
      const { dev } = await import("../serve/dev.ts");
      const running = await dev({
        files,
        data,
        host,
        port,
        names: allowHost,
        token: process.env["MILLRACE_TOKEN"],
        log,
        start: { ...(instances === undefined ? {} : { instances }), ...(partitions === undefined ? {} : { partitions }), ...(stateMemory === undefined ? {} : { stateMemory }) },
      });
      say(`millrace: ${running.workflows.join(", ")} at ${running.url}`);
      say(`  state is kept in ${running.data}; millrace reset${data === undefined ? "" : ` --data ${data}`} empties it`);
      say("  stop it with Ctrl-C; started again it goes on where it was");
      try {
        process.exitCode = signal.exitCode(await Promise.race([signal.received, running.failed]));
      } finally {
        await running.stop();
      }
    });
}
