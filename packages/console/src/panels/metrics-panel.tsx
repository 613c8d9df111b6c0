import type { ReactNode } from "react";
import { useLive } from "../wire/live.ts";
import { measured } from "../wire/metrics.ts";
import type { MetricsPanel as Panel } from "../wire/types.ts";
import { Chart } from "./chart.tsx";
import { Frame } from "./frame.tsx";

const UNITS = { rate: "atoms/s", latency: "ms (p99)", backlog: "atoms", watermarkLag: "s" } as const;

/** A measure of each workflow over the last minutes. */
export function MetricsPanel({ panel }: { readonly panel: Panel }): ReactNode {
  const { value: samples, connection } = useLive(measured);
  const lines = panel.workflows.map((workflow) => ({
    title: workflow,
    unit: UNITS[panel.measure],
    values: samples.series.get(`${workflow} ${panel.measure}`) ?? samples.times.map(() => null),
  }));
  return (
    <Frame title={`${panel.title} (${UNITS[panel.measure]})`} connection={connection}>
      <Chart label={panel.title} x={samples.times} time="clock" lines={lines} />
    </Frame>
  );
}
