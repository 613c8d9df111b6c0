import { parentPort, workerData } from "node:worker_threads";
import { Instance, type Source } from "@millrace/core/internal";
import { MillraceError } from "@millrace/core";
import { Calls } from "./calls.ts";
import { loadPlans, openSourceModule } from "./load.ts";
import type { MainMethods, WorkerMethods, WorkerStart } from "./messages.ts";
import { quietWarnings } from "./warnings.ts";
import { Wakeups, workerPorts, type Journals } from "./worker-ports.ts";

/** How often a worker shows that its event loop turns, ms. */
const HEARTBEAT = 100;

if (parentPort === null) throw new MillraceError("MILLRACE_USAGE", "worker entry", "is started by workerHost() only");
// The main thread imports the same files: it has told of this, or keeps quiet about it.
quietWarnings();
await run(parentPort, workerData as WorkerStart);

async function run(port: NonNullable<typeof parentPort>, start: WorkerStart): Promise<void> {
  setInterval(() => Atomics.add(start.heartbeat, 0, 1), HEARTBEAT).unref();
  process.setSourceMapsEnabled(start.sourceMaps);
  const wakeups = new Wakeups();
  const journals: Journals = [];
  const plans = await loadPlans(start.modules, start.plans);
  const topics = new Map(plans.flatMap(({ workflow }) => workflow.nodes.flatMap(({ spec }) => (spec.kind === "source" ? [[spec.topic.name, spec.topic] as const] : []))));
  const opened = new Map<string, Promise<Source>>();
  const main = new Calls<WorkerMethods, MainMethods>(port, {
    open: ({ partition, options }) => instance.open(partition, options),
    close: (partition) => instance.close(partition),
    deliver: ({ partition, batch }) => instance.deliver(partition, batch),
    announce: ({ partition, link, sequence }) => instance.announce(partition, link, sequence),
    block: ({ partition, blocked }) => instance.block(partition, blocked),
    rewrite: ({ partition, addresses }) => instance.rewrite(partition, addresses),
    follow: ({ partition, times }) => instance.follow(partition, times),
    stateSizes: () => instance.stateSizes(),
    stop: () => instance.stop(),
    grown(topic) {
      for (const callback of wakeups.topics.get(topic) ?? []) callback();
    },
    journalRead: (journal) => journals[journal].read(),
    journalAppend: ({ journal, line }) => journals[journal].append(line),
    readable: (reader) => wakeups.readers.get(reader)?.(),
  });
  const ports = workerPorts(main, start, wakeups, journals, {
    partitionsOf: (topic) => topics.get(topic)?.partitions ?? 1,
    openHere(name) {
      const description = start.sources[name];
      const topic = topics.get(name);
      if (description === undefined || topic === undefined) return undefined;
      let source = opened.get(name);
      if (source === undefined) opened.set(name, (source = openSourceModule(description, topic)));
      return source;
    },
  });
  const instance = new Instance(plans, ports);
  port.on("message", (message) => main.receive(message));
  main.tell("started", undefined);
}
