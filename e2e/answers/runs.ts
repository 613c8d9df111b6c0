import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Workflow } from "@millrace/core";
import { createMemoryLedger, ObjectRows, Runtime, systemClock, type Cut, type MemoryLedger, type RuntimeOptions, type Source } from "@millrace/core/internal";
import { randomNumbers } from "./random-numbers.ts";
import { END, lefts, readings, rights, type Scenario } from "./scenarios.ts";

export interface Way {
  readonly cut: Cut;
  readonly instances: number;
  readonly partitions?: number;
  readonly stateMemory?: number;
}

/** Every cut, every number of partitions that a cut can have, and partitions of which memory holds one at a time. */
export const ways: readonly Way[] = [
  { cut: "none", instances: 1 },
  ...[1, 2, 4].flatMap((instances) => [{ cut: "shuffle", instances } as const, { cut: "every", instances } as const]),
  { cut: "shuffle", instances: 1, partitions: 8, stateMemory: 1 },
  { cut: "every", instances: 1, partitions: 4, stateMemory: 1 },
];

/** What a run gave: by topic or collection, its rows as sorted text. */
export type Answer = Readonly<Record<string, readonly string[]>>;

/** Runs both inputs to their end, cut into chunks. */
export async function runBounded(scenario: Scenario, way: Way, chunkSize: number): Promise<Answer> {
  const runtime = await Runtime.start(bounded(scenario, way, chunkSize, createMemoryLedger()));
  await runtime.finished;
  const answer = await answerOf(runtime, scenario);
  await runtime.stop();
  return answer;
}

export function bounded(scenario: Scenario, way: Way, chunkSize: number, ledger: MemoryLedger, pause?: () => Promise<void>): RuntimeOptions {
  const source = (name: string, seed: number): Source => arraySource(name, readings(seed), chunkSize, { parallel: true, pause });
  const sources = { lefts: source("lefts", 1), rights: source("rights", 2) };
  return { workflows: [scenario.workflow], ledger, clock: systemClock(), ...way, sources };
}

/** Appends both inputs to their topics in pieces of random size while the workflow runs; ends when it has given `expected`, or has had 5 s to. */
export async function runLive(scenario: Scenario, way: Way, seed: number, expected: Answer): Promise<Answer> {
  const random = randomNumbers(seed);
  const runtime = await Runtime.start({ workflows: [scenario.workflow], ledger: createMemoryLedger(), clock: systemClock(), ...way });
  const rest = { lefts: readings(1), rights: readings(2) };
  const sides = sourcesOf(scenario.workflow);
  while (sides.some((name) => rest[name].length > 0)) {
    const side = sides[Math.floor(random() * sides.length)];
    const piece = rest[side].splice(0, 1 + Math.floor(random() ** 3 * 300));
    if (piece.length > 0) await runtime.append(side === "lefts" ? lefts : rights, piece);
    if (random() < 0.3) await turn();
  }
  let answer = await answerOf(runtime, scenario);
  for (let waited = 0; !isDeepStrictEqual(answer, expected) && waited < 500; waited++) {
    await sleep(10);
    answer = await answerOf(runtime, scenario);
  }
  await sleep(10);
  answer = await answerOf(runtime, scenario);
  await runtime.stop();
  return answer;
}

export async function answerOf(runtime: Runtime, { topics, collections }: Scenario): Promise<Answer> {
  const answer: Record<string, string[]> = {};
  for (const name of topics) {
    answer[name] = [];
    for await (const { value, time } of runtime.read(name)) if (time < END || name.endsWith(".dead")) answer[name].push(textOf(name, value));
    answer[name].sort();
  }
  for (const name of collections) {
    answer[name] = runtime.rows(name).map(({ key, row }) => JSON.stringify([key, row])).filter((text) => !text.includes('"the end"')).sort();
  }
  return answer;
}

/** A source over values that lie in memory, cut into chunks, readable by several lanes unless it says not. `pause` is awaited before each chunk. */
export function arraySource(
  name: string,
  values: readonly unknown[],
  chunkSize: number,
  { parallel = true, pause }: { readonly parallel?: boolean; readonly pause?: (() => Promise<void>) | undefined } = {},
): Source {
  return {
    name,
    splits: () => Promise.resolve([{ id: "all", parallel }]),
    open({ lane, lanes, position }) {
      let index = position + ((((lane - position) % lanes) + lanes) % lanes);
      return Promise.resolve({
        async next() {
          await pause?.();
          const rows = values.slice(index * chunkSize, (index + 1) * chunkSize);
          if (rows.length === 0) return "end";
          const chunk = { index, next: index + lanes, count: rows.length, rows: new ObjectRows(rows), malformed: [], bytes: rows.length * 50 };
          index += lanes;
          return chunk;
        },
        close: () => Promise.resolve(),
      });
    },
  };
}

function sourcesOf(of: Workflow): readonly ("lefts" | "rights")[] {
  const names = of.nodes.flatMap(({ spec }) => (spec.kind === "source" ? [spec.topic.name] : []));
  return (["lefts", "rights"] as const).filter((name) => names.includes(name));
}

/** Of a dead letter, what does not depend on where the code runs. */
function textOf(name: string, value: unknown): string {
  if (!name.endsWith(".dead")) return JSON.stringify(value);
  const { operator, reason, value: element } = value as { operator: string; reason: string; value: unknown };
  return JSON.stringify({ operator, reason, element });
}
