import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../src/contracts/clock.ts";
import type { Ledger } from "../../src/contracts/ledger.ts";
import type { Topics } from "../../src/contracts/topics.ts";
import { Runtime } from "../../src/engine/runtime.ts";
import { MillraceError } from "../../src/errors.ts";
import { collection, topic } from "../../src/graph/refs.ts";
import { tumbling } from "../../src/graph/window.ts";
import { systemClock } from "../../src/memory/clock.ts";
import { createMemoryLedger, type MemoryLedger } from "../../src/memory/ledger.ts";
import { count, sum } from "../../src/operators/aggregates/numeric.ts";
import { workflow } from "../../src/streams/workflow.ts";
import { arraySource, sorted, valuesOf } from "./support.ts";

interface Reading {
  readonly room: number;
  readonly value: number;
  readonly at: number;
}

interface Total {
  readonly key: number;
  readonly value: number;
}

const readings = topic<Reading>("readings");
const out = topic<unknown>("out");
const totals = collection<Total>("totals", { key: (row) => row.key });

/** Two shuffles in a chain, results in a topic and in a collection. */
const chain = workflow("chain", (flow) => {
  const rows = flow
    .from(readings, { time: (r) => r.at, outOfOrderness: 20 })
    .distinct((r) => r.value)
    .keyBy((r) => r.room);
  rows.window(tumbling(50)).aggregate({ n: count(), sum: sum((r) => r.value) }).to(out);
  rows
    .reduce((a, b) => ({ ...a, value: a.value + b.value }))
    .map((r) => ({ key: r.room, value: r.value }))
    .to(totals);
});
const input: Reading[] = Array.from({ length: 60 }, (_, i) => ({ room: i % 3, value: i, at: i * 4 - (i % 5) * 3 }));

/**
 * What happens at one call of the ledger: the process dies before it is made, or when it has been made
 * and not answered; it fails; a commit's outcome is not known, though it was applied or was not; or
 * neither that nor what the root says of it.
 */
const faults = ["killed before", "killed after", "fails", "unknown, applied", "unknown, not applied", "unknown, root fails"] as const;
type Fault = (typeof faults)[number];

interface Faulty {
  readonly ledger: Ledger & Topics;
  readonly died: Promise<void>;
  readonly calls: () => number;
}

function faulty(memory: MemoryLedger, fault: Fault | undefined, at: number): Faulty {
  const { promise: died, resolve: die } = Promise.withResolvers<void>();
  let calls = 0;
  let dead = false;
  let failing = 0;
  const unknown = (): Error => new MillraceError("MILLRACE_UNKNOWN_OUTCOME", "ledger", "it may have been applied", { retryable: true });
  const failed = (): Error => new MillraceError("MILLRACE_IO", "ledger", "it is away for a moment", { retryable: true });
  const forever = <T>(): Promise<T> => new Promise<T>(() => undefined);
  const call = async <T>(name: string, make: () => Promise<T>): Promise<T> => {
    if (dead) return forever();
    if (name === "root" && failing-- > 0) throw failed();
    if (++calls !== at || fault === undefined) return make();
    if (fault === "fails") throw failed();
    if (fault.startsWith("killed")) {
      if (fault === "killed after") await make();
      dead = true;
      die();
      return forever();
    }
    if (name !== "commit") return make();
    if (fault === "unknown, root fails") failing = 1;
    if (fault !== "unknown, not applied") await make();
    throw unknown();
  };
  const ledger: Ledger & Topics = {
    ...memory,
    fence: (partition) => call("fence", () => memory.fence(partition)),
    root: (partition) => call("root", () => memory.root(partition)),
    commit: (commit) => call("commit", () => memory.commit(commit)),
    state: (address) => call("state", () => memory.state(address)),
    readRecord: (name) => call("read", () => memory.readRecord(name)),
    writeRecord: (name, bytes) => call("write", () => memory.writeRecord(name, bytes)),
    async *pending(link, after) {
      await call("pending", () => Promise.resolve());
      yield* memory.pending(link, after);
    },
  };
  return { ledger, died, calls: () => calls };
}

/** The system's clock, fifty times as fast: what waits before it tries again does not keep the test waiting. */
function fastClock(): Clock {
  const clock = systemClock();
  const began = Date.now();
  return { ...clock, now: () => began + performance.now() * 50, at: (at, callback) => clock.at(at === Infinity ? at : Date.now() + Math.max(0, at - (began + performance.now() * 50)) / 50, callback) };
}

interface Answer {
  readonly out: readonly string[];
  readonly totals: unknown;
}

/** Runs to the end, with one fault; where the process died, another one goes on with its ledger. */
async function answer(fault: Fault | undefined, at: number): Promise<{ readonly answer: Answer; readonly calls: number }> {
  const memory = createMemoryLedger();
  const clock = fastClock();
  const options = { workflows: [chain], clock, cut: "shuffle", partitions: 2, bounded: true, sources: { readings: arraySource("readings", input, 7) } } as const;
  const { ledger, died, calls } = faulty(memory, fault, at);
  const told = async (runtime: Runtime): Promise<Answer> => {
    await runtime.finished;
    const answered = { out: sorted(await valuesOf(runtime, "out")), totals: runtime.rows("totals").map(({ row }) => row) };
    await runtime.stop();
    return answered;
  };
  const first = Runtime.start({ ...options, ledger });
  first.catch(() => undefined);
  const ended = await Promise.race([
    first.then(told).catch((error: unknown) => {
      if (fault === "fails" || fault === "unknown, root fails") return undefined;
      throw error;
    }),
    died.then(() => undefined),
  ]);
  if (ended !== undefined) return { answer: ended, calls: calls() };
  const runtime = await Runtime.start({ ...options, ledger: memory.reopen() });
  void first.then((one) => one.stop()).catch(() => undefined);
  return { answer: await told(runtime), calls: calls() };
}

test("every fault at every call of the ledger, along two shuffles, leaves the answer as it is", { timeout: 300_000 }, async () => {
  const { answer: expected, calls } = await answer(undefined, 0);
  assert.ok(expected.out.length > 5 && calls > 50, `${calls} calls`);
  for (const fault of faults) {
    for (let at = 1; at <= calls; at++) {
      const { answer: found } = await answer(fault, at);
      assert.deepEqual(found, expected, `${fault}, call ${at}`);
    }
  }
});
