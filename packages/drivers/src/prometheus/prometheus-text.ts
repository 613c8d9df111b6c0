import { MillraceError } from "@millrace/core";
import type { Distribution, PartitionMetrics, RuntimeMetrics } from "@millrace/core/internal";
import { COUNTERS, GAUGES, STAGE_GAUGES, SUMMARIES } from "./families.ts";

type PromClient = typeof import("prom-client");

const PREFIX = "millrace_";
const LABELS = ["workflow", "stage", "partition"];
const STAGE_LABELS = ["workflow", "stage"];
const QUANTILES: readonly (readonly [number, (distribution: Distribution) => number])[] = [
  [0.5, ({ p50 }) => p50],
  [0.95, ({ p95 }) => p95],
  [0.99, ({ p99 }) => p99],
];

/**
 * Metrics (`await app.metrics()`) in Prometheus' text format 0.0.4, to be served as
 * `text/plain; version=0.0.4`. Base units; labels workflow, stage and, of most, partition. Quantiles are
 * those since the start. `given` is the package prom-client; without it, it is loaded: throws
 * MILLRACE_NOT_FOUND where it is not installed.
 */
export async function prometheusText({ partitions, stages, instances, replaced }: RuntimeMetrics, given?: PromClient): Promise<string> {
  const client = given ?? (await loadClient());
  const { Counter, Gauge, Registry } = client;
  const registry = new Registry();
  const registers = [registry];
  const all = [...partitions.values()];
  new Gauge({ name: `${PREFIX}instances`, help: "Instances that run now.", registers }).set(instances);
  new Counter({ name: `${PREFIX}instances_replaced_total`, help: "Instances that were lost and replaced.", registers }).inc(replaced);
  for (const { name, help, value } of COUNTERS) {
    const counter = new Counter({ name: PREFIX + name, help, labelNames: LABELS, registers });
    for (const one of all) counter.inc(labelsOf(one), value(one));
  }
  for (const { name, help, value } of GAUGES) {
    const gauge = new Gauge({ name: PREFIX + name, help, labelNames: LABELS, registers });
    for (const one of all) {
      const now = value(one);
      if (now !== undefined) gauge.set(labelsOf(one), now);
    }
  }
  for (const { name, help, value } of STAGE_GAUGES) {
    const gauge = new Gauge({ name: PREFIX + name, help, labelNames: STAGE_LABELS, registers });
    for (const one of stages.values()) gauge.set({ workflow: one.workflow, stage: one.stage }, value(one));
  }
  for (const { name, help, scale, value } of SUMMARIES) summarize(client, { name: PREFIX + name, help, registers }, all, scale, value);
  return registry.metrics();
}

/** A summary whose quantiles were computed elsewhere: prom-client's own only takes single values. */
function summarize(
  { Summary }: PromClient,
  { name, help, registers }: { readonly name: string; readonly help: string; readonly registers: InstanceType<PromClient["Registry"]>[] },
  all: readonly PartitionMetrics[],
  scale: number,
  value: (figures: PartitionMetrics) => Distribution,
): void {
  class Computed extends Summary {
    override async get(): ReturnType<InstanceType<PromClient["Summary"]>["get"]> {
      const values = all.flatMap((one) => {
        const labels = labelsOf(one);
        const distribution = value(one);
        return [
          ...QUANTILES.map(([quantile, of]) => ({ metricName: name, labels: { ...labels, quantile }, value: of(distribution) * scale })),
          { metricName: `${name}_sum`, labels, value: distribution.sum * scale },
          { metricName: `${name}_count`, labels, value: distribution.count },
        ];
      });
      return { ...(await super.get()), values };
    }
  }
  registers.forEach((registry) => registry.registerMetric(new Computed({ name, help, labelNames: LABELS, registers: [] })));
}

function labelsOf({ workflow, stage, partition }: PartitionMetrics): Record<string, string | number> {
  return { workflow, stage, partition };
}

async function loadClient(): Promise<PromClient> {
  try {
    return await import("prom-client");
  } catch (error) {
    throw new MillraceError("MILLRACE_NOT_FOUND", "package prom-client", "Prometheus text is made by it, and it is not installed; run: npm install prom-client@15", { cause: error });
  }
}
