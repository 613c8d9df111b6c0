import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { SUMS, sumRows, writeModule } from "./modules.ts";
import { aarhus, millrace, parseRows, temporaryFolder } from "./support.ts";

interface PlanShape {
  readonly workflow: string;
  readonly cut: string;
  readonly stages: readonly { readonly distribution: string; readonly partitions: number; readonly operators: readonly { readonly id: string; readonly role: string }[] }[];
  readonly exchanges: readonly { readonly kind: string; readonly keyBy: string | null }[];
  readonly combiners: readonly string[];
  readonly slices: readonly { readonly input: string; readonly windows: readonly string[] }[];
}

test("plan shows one stage without cuts, and stages, exchanges and combiners with them", async () => {
  const whole = await millrace(["plan", aarhus, "--json"]);
  const [one] = JSON.parse(whole.stdout) as PlanShape[];
  assert.deepEqual([one?.workflow, one?.cut, one?.stages.length, one?.exchanges.length], ["aarhus", "none", 1, 0]);

  const divided = await millrace(["plan", aarhus, "--cut", "shuffle", "--instances", "2", "--json"]);
  const [plan] = JSON.parse(divided.stdout) as PlanShape[];
  assert.deepEqual(plan?.stages.slice(0, 2).map(({ distribution, partitions }) => [distribution, partitions]), [["source", 2], ["keyed", 2]]);
  assert.ok(plan?.exchanges.some(({ kind, keyBy }) => kind === "hash" && keyBy === "key-by-2"));
  assert.ok(plan?.combiners.includes("window-1") && plan.combiners.includes("top-1"));
  const ids = plan?.stages.flatMap(({ operators }) => operators).map(({ id }) => id) ?? [];

  const { code, stdout } = await millrace(["plan", aarhus, "--cut", "shuffle", "--instances", "2"]);
  assert.equal(code, 0);
  for (const id of ids) assert.match(stdout, new RegExp(`\\b${id}\\b`));
  assert.match(stdout, /^workflow aarhus: cut shuffle, /);
});

test("plan shows which windows share slices", async (t) => {
  const file = writeModule(
    temporaryFolder(t),
    `import { sum, topic, tumbling, workflow } from "millrace";
    const total = { total: sum((n) => n) };
    export const w = workflow("w", (flow) => {
      const all = flow.from(topic("numbers"), { time: (n) => n }).keyBy((n) => n % 3);
      for (const length of ["15m", "1h", "1d"]) all.window(tumbling(length)).aggregate(total).to(topic("in" + length));
    });`,
  );
  const { stdout } = await millrace(["plan", file, "--json"]);
  const [plan] = JSON.parse(stdout) as PlanShape[];
  assert.deepEqual(plan?.slices, [{ input: "key-by-1", milliseconds: 900_000, windows: ["window-1", "window-2", "window-3"] }]);
  assert.match((await millrace(["plan", file])).stdout, /slices of 15m over key-by-1: window-1, window-2, window-3/);
});

test("topics and collections of a data folder can be looked at after a run", async (t) => {
  const folder = temporaryFolder(t);
  const file = writeModule(folder, SUMS);
  const data = join(folder, "data");
  const ran = await millrace(["run", file, "--in", "numbers=-", "--data", data, "--out", "totals=-"], { input: sumRows(20, 90) });
  assert.equal(ran.code, 0, ran.stderr);
  const ask = (...args: string[]) => millrace([...args, "--data", data]);

  assert.equal((await ask("topics", "list")).stdout, "topic  partitions  atoms\nsums   1           7\n");
  const tail = parseRows<{ key: string; count: number }>((await ask("topics", "tail", "sums", "-n", "2")).stdout);
  assert.deepEqual(tail.map(({ count }) => count), [10, 10]);
  const unknown = await ask("topics", "tail", "sum");
  assert.match(unknown.stderr, /topic sum: the data folder .* has no atoms of it; its topics are: sums/);
  assert.equal(unknown.code, 2);

  assert.equal((await ask("collections", "list")).stdout, "collection  rows\ntotals      7\n");
  assert.equal((await ask("collections", "get", "totals")).stdout, ran.stdout);
  assert.deepEqual(parseRows((await ask("collections", "get", "totals", "k3")).stdout), parseRows(ran.stdout).slice(3, 4));
  for (const key of ["k9", '{"k":9}', "[[9]]"]) {
    const missing = await ask("collections", "get", "totals", key);
    assert.ok(missing.stderr.includes(`has no row with the key ${key}`), missing.stderr);
    assert.equal(missing.code, 1);
  }
});
