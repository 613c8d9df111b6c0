import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";
import { count, generator, MillraceError, topic, tumbling, workflow } from "@millrace/core";
import { createMemoryLedger, Runtime, systemClock, type RuntimeMetrics } from "@millrace/core/internal";
import { prometheusText } from "@millrace/drivers/prometheus";

const numbers = topic<number>("numbers");
const counts = topic<unknown>("counts");
const counted = workflow("counted", (flow) =>
  flow
    .from(numbers, { time: (n) => n })
    .keyBy((n) => n % 3)
    .window(tumbling(1000))
    .aggregate({ n: count() })
    .to(counts),
);

const NONE: RuntimeMetrics = { partitions: new Map(), stages: new Map(), instances: 0, replaced: 0 };

test("without prom-client it says what to install", async () => {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "prom-client") throw new Error("Cannot find package");
      return next(specifier, context);
    },
  });
  try {
    await assert.rejects(prometheusText(NONE), (error) => error instanceof MillraceError && error.code === "MILLRACE_NOT_FOUND" && /npm install prom-client@15/.test(error.message));
  } finally {
    hooks.deregister();
  }
});

test("every partition has its metrics, by workflow, stage and partition, in seconds and bytes", async (t) => {
  const runtime = await Runtime.start({
    workflows: [counted],
    ledger: createMemoryLedger(),
    clock: systemClock(),
    cut: "shuffle",
    sources: { numbers: generator({ chunk: (index) => (index < 10 ? Array.from({ length: 500 }, (_, n) => index * 500 + n) : undefined) }) },
  });
  t.after(() => runtime.stop());
  await runtime.finished;
  const metrics = await runtime.metrics();
  const text = await prometheusText(metrics);
  const samples = samplesOf(text);
  for (const one of metrics.partitions.values()) {
    const of = (name: string, more = ""): number => samples.get(`millrace_${name}{${more}workflow="${one.workflow}",stage="${one.stage}",partition="${one.partition}"}`) ?? Number.NaN;
    assert.equal(of("atoms_in_total"), one.atomsIn);
    assert.equal(of("commit_duration_seconds_count"), one.commits);
    assert.equal(of("batch_atoms_sum"), one.atomsIn);
    assert.equal(of("written_bytes_total"), one.used.bytesWritten);
    assert.equal(of("watermark_timestamp_seconds"), Infinity);
    assert.ok(Number.isNaN(of("watermark_lag_seconds")), "no lag at the end of the input");
    assert.ok(Math.abs(of("busy_seconds_total") - one.used.busy / 1000) < 1e-9);
    const p99 = samples.get(`millrace_latency_seconds{workflow="${one.workflow}",stage="${one.stage}",partition="${one.partition}",quantile="0.99"}`);
    assert.ok(p99 !== undefined && Math.abs(p99 - one.latency.p99 / 1000) < 1e-9);
  }
  for (const [name, { workflow: of, stage, scaling }] of metrics.stages) {
    assert.equal(name, `${of}/${stage}`);
    const labels = `{workflow="${of}",stage="${stage}"}`;
    assert.equal(samples.get(`millrace_stage_instances${labels}`), 1);
    assert.deepEqual(scaling, { wanted: 1, min: 1, max: 1, reserve: 1 });
    for (const [what, value] of [["wanted", 1], ["min", 1], ["max", 1], ["reserved", 1]]) assert.equal(samples.get(`millrace_stage_instances_${what}${labels}`), value);
  }
  assert.equal(samples.get("millrace_instances"), 1);
  assert.equal(samples.get("millrace_instances_replaced_total"), 0);
});

test("the text keeps the format's rules: each name once with help and type, and no other samples", async (t) => {
  const runtime = await Runtime.start({ workflows: [counted], ledger: createMemoryLedger(), clock: systemClock() });
  t.after(() => runtime.stop());
  const text = await prometheusText(await runtime.metrics());
  assert.ok(text.endsWith("\n"));
  const typed = new Map<string, string>();
  let helped = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const help = /^# HELP (millrace_[a-z_]+) \S/.exec(line);
    const type = /^# TYPE (millrace_[a-z_]+) (counter|gauge|summary)$/.exec(line);
    if (help !== null) [, helped] = help;
    else if (type !== null) {
      const [, name, kind] = type;
      assert.equal(name, helped);
      assert.ok(!typed.has(name), `${name} twice`);
      assert.equal(name.endsWith("_total"), kind === "counter", name);
      typed.set(name, kind);
    } else {
      const [name] = /^[a-z_]+/.exec(line) ?? [""];
      const family = typed.get(name) === undefined ? name.replace(/_(sum|count)$/, "") : name;
      assert.equal(family, helped, line);
      assert.match(line, /^[a-z_]+(\{([a-z]+="[^"]*",?)+\})? (-?[0-9.e+-]+|[+-]?Inf|Nan)$/);
    }
  }
  assert.ok(typed.size >= 30);
});

function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^([^#].*) (\S+)$/.exec(line) ?? [];
    if (name !== undefined) samples.set(name, value === "+Inf" ? Infinity : Number(value));
  }
  return samples;
}
