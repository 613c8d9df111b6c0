import { Worker, type ResourceLimits } from "node:worker_threads";
import inspector from "node:inspector";
import { MillraceError } from "@millrace/core";
import { fingerprint } from "@millrace/core/internal";
import type { Host, HostEnvironment, InstanceHandle, Plan } from "@millrace/core/internal";
import { Calls } from "./calls.ts";
import { mainSide } from "./main-handlers.ts";
import type { MainMethods, PlanOfWorker, SourceModule, WorkerMethods, WorkerStart } from "./messages.ts";
import { fromThread } from "./wire-errors.ts";

export interface WorkflowModule {
  /** URL of a module that exports workflows; each worker imports it. */
  readonly url: string;
  /** Names of the exports that are workflows. */
  readonly exports: readonly string[];
}

export interface WorkerHostOptions {
  readonly modules: readonly WorkflowModule[];
  /** Sources that workers open themselves, by topic. What is not here is read in the main thread for them. */
  readonly sources?: Readonly<Record<string, SourceModule>>;
  /** Longest time for which user code may hold a worker's thread before it is ended and replaced, ms; default 60,000. Not while a debugger is attached. */
  readonly stepTimeout?: number;
  /** Memory of a worker; a worker that needs more is ended and replaced. Default: Node's, with a young generation of 16 MB. */
  readonly resourceLimits?: ResourceLimits;
}

const STEP_TIMEOUT = 60_000;
/** Importing modules holds a worker's thread too. */
const START_TIMEOUT = 60_000;
const YOUNG_MEGABYTES = 16;

/** Runs each instance in a worker thread of its own. The threads import the workflows; nothing of a graph is sent. */
export function workerHost(options: WorkerHostOptions): Host {
  return { isolated: true, start: (environment) => startWorker(options, environment) };
}

async function startWorker(options: WorkerHostOptions, environment: HostEnvironment): Promise<InstanceHandle> {
  const heartbeat = new Int32Array(new SharedArrayBuffer(4));
  const { ports, plans } = environment;
  const data: WorkerStart = {
    modules: options.modules,
    plans: plans.map(planOfWorker),
    sources: options.sources ?? {},
    keyGroups: ports.keyGroups,
    capabilities: ports.ledger.capabilities,
    tellsState: ports.holds !== undefined,
    sourceMaps: process.sourceMapsEnabled,
    heartbeat,
  };
  const worker = new Worker(new URL(import.meta.url.endsWith(".ts") ? "./worker-entry.ts" : "./worker-entry.js", import.meta.url), {
    workerData: data,
    name: "millrace",
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES, ...options.resourceLimits },
  });
  const started = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  /** Why the thread ends, where that is known before it does. */
  let why: Error | undefined;
  let wanted = false;
  let running = false;
  const main = mainSide(environment, {
    started: () => started.resolve(),
    grown: (topic) => calls.tell("grown", topic),
    readable: (reader) => calls.tell("readable", reader),
    journal: (journal) => ({ read: () => calls.call("journalRead", journal), append: (line) => calls.call("journalAppend", { journal, line }) }),
  });
  const calls = new Calls<MainMethods, WorkerMethods>(worker, main.handlers);
  const expired = (error: MillraceError): void => {
    why ??= error;
    void worker.terminate();
  };
  let watch = watchdog(heartbeat, START_TIMEOUT, expired);
  worker.on("message", (message) => calls.receive(message));
  worker.on("error", (error) => {
    why ??= fromThread(error);
  });
  worker.on("exit", (code) => {
    watch.end();
    const reason = why ?? new MillraceError("MILLRACE_HOST_FAILED", "worker", `its thread ended with code ${code}`, { retryable: true });
    started.reject(reason);
    calls.end(reason);
    gone.resolve();
    void main.end();
    if (running && !wanted) environment.lost(reason);
  });
  await started.promise;
  let used = worker.performance.eventLoopUtilization();
  running = true;
  watch.end();
  watch = watchdog(heartbeat, options.stepTimeout ?? STEP_TIMEOUT, expired);
  const terminate = async (): Promise<void> => {
    wanted = true;
    await worker.terminate();
    await gone.promise;
  };
  return {
    open: (partition, open) => calls.call("open", { partition, options: open }),
    close: (partition) => calls.call("close", partition),
    deliver(partition, { link, sequence, bytes }) {
      // The ledger may still hold these bytes: what goes to the other thread is a copy.
      const copy = new Uint8Array(bytes.length);
      copy.set(bytes);
      calls.tell("deliver", { partition, batch: { link, sequence, bytes: copy } }, copy.buffer);
    },
    announce: (partition, link, sequence) => calls.tell("announce", { partition, link, sequence }),
    block: (partition, blocked) => calls.tell("block", { partition, blocked }),
    rewrite: (partition, addresses) => calls.tell("rewrite", { partition, addresses }),
    follow: (partition, times) => calls.tell("follow", { partition, times }),
    stateSizes: () => calls.call("stateSizes", undefined),
    memory: memoryOf(worker),
    utilization() {
      const now = worker.performance.eventLoopUtilization();
      const { utilization } = worker.performance.eventLoopUtilization(now, used);
      used = now;
      return utilization;
    },
    async stop() {
      wanted = true;
      await Promise.race([calls.call("stop", undefined).catch(() => undefined), gone.promise]);
      await terminate();
    },
    terminate,
  };
}

function planOfWorker(plan: Plan): PlanOfWorker {
  return {
    workflow: plan.workflow.name,
    cut: plan.cut,
    partitions: plan.partitions,
    lanes: plan.lanes,
    generation: plan.generation,
    fingerprint: fingerprint(plan),
  };
}

/** What V8 lets a thread's heap grow to, bytes. */
function memoryOf({ resourceLimits }: Worker): number {
  return ((resourceLimits?.maxOldGenerationSizeMb ?? 0) + (resourceLimits?.maxYoungGenerationSizeMb ?? 0)) * 2 ** 20;
}

/** Calls back when a heartbeat has stood still for so long; a thread that waits in a debugger is let wait. */
function watchdog(heartbeat: Int32Array, timeout: number, expired: (error: MillraceError) => void): { end(): void } {
  const looks = 8;
  let last = -1;
  let still = 0;
  const timer = setInterval(() => {
    const beat = Atomics.load(heartbeat, 0);
    still = beat === last && inspector.url() === undefined ? still + 1 : 0;
    last = beat;
    if (still < looks) return;
    clearInterval(timer);
    expired(new MillraceError("MILLRACE_FUNCTION_TIMEOUT", "worker", `a function held its thread for more than ${timeout} ms; make it faster, or raise stepTimeout`, { retryable: true }));
  }, timeout / looks);
  timer.unref();
  return { end: () => clearInterval(timer) };
}
