import type { Worker } from "node:worker_threads";
import type { Host, Ledger, Topics } from "@millrace/core/internal";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { workerHost, type WorkerHostOptions } from "@millrace/drivers/workers";
import { eventSource, perKey, type EventOptions } from "./fixture.ts";

const FIXTURE = new URL("./fixture.ts", import.meta.url).href;

export function host(options: EventOptions, more: Partial<WorkerHostOptions> = {}): Host {
  return workerHost({
    modules: [{ url: FIXTURE, exports: ["perKey"] }],
    sources: { events: { module: FIXTURE, export: "eventSource", options: { ...options } } },
    ...more,
  });
}

export interface Outcome {
  readonly rows: readonly string[];
  readonly dead: readonly Letter[];
  readonly replaced: number;
}

export interface Letter {
  readonly operator: string;
  readonly reason: string;
  readonly stack: string;
  readonly value: { readonly id: number };
}

/** Runs the fixture's workflow to its end in worker threads. */
export async function runInWorkers(options: EventOptions, settings: { readonly instances?: number; readonly ledger?: Ledger & Topics; readonly host?: Host; readonly limits?: { readonly partitions: number; readonly stateMemory: number }; readonly started?: (runtime: Runtime) => void } = {}): Promise<Outcome> {
  const { instances = 2, ledger = createMemoryLedger() } = settings;
  const runtime = await Runtime.start({ workflows: [perKey], ledger, clock: systemClock(), cut: "shuffle", instances, host: settings.host ?? host(options), ...settings.limits });
  settings.started?.(runtime);
  return outcome(runtime);
}

/** Ends threads at random moments, as a crash would: their host is not asked. */
export function killWorkers(most: number): { end(): void } {
  const alive = new Set<Worker>();
  const remember = (worker: Worker): void => {
    alive.add(worker);
    worker.on("exit", () => alive.delete(worker));
  };
  process.on("worker", remember);
  let left = most;
  const kill = (): void => {
    const one = [...alive][Math.floor(Math.random() * alive.size)];
    void one?.terminate();
    if (--left > 0) timer = setTimeout(kill, 20 + Math.random() * 250);
  };
  let timer = setTimeout(kill, 250);
  return {
    end() {
      clearTimeout(timer);
      process.off("worker", remember);
    },
  };
}

/** Runs it in this thread. */
export async function runHere(options: EventOptions): Promise<Outcome> {
  const runtime = await Runtime.start({ workflows: [perKey], ledger: createMemoryLedger(), clock: systemClock(), sources: { events: eventSource(options) } });
  return outcome(runtime);
}

async function outcome(runtime: Runtime): Promise<Outcome> {
  try {
    await runtime.finished;
    return { rows: (await read(runtime, "totals")).map((row) => JSON.stringify(row)).sort(), dead: (await read(runtime, "events.dead")) as Letter[], replaced: runtime.replaced };
  } finally {
    await runtime.stop();
  }
}

async function read(runtime: Runtime, topic: string): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const { value } of runtime.read(topic)) values.push(value);
  return values;
}
