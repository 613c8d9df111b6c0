import { collection, fields, topic, workflow } from "millrace";

/** Nothing is kept of what was appended for longer than the workflow needs it. */
export const readings = topic("readings", { schema: fields({ sensor: "string", value: "number", at: "timestamp" }), retention: { bytes: 64 * 1024 * 1024 } });

export interface Running {
  readonly sensor: string;
  readonly sum: number;
  readonly count: number;
}

export const totals = collection<Running>("totals", { key: (row) => row.sensor });

/** The running sum and count of each sensor. */
export const running = workflow("running", (flow) =>
  flow
    .from(readings, { time: (r) => r.at })
    .filter((r) => r.value >= 0)
    .map((r): Running => ({ sensor: r.sensor, sum: r.value, count: 1 }))
    .keyBy((r) => r.sensor)
    .reduce((a, b) => ({ sensor: a.sensor, sum: a.sum + b.sum, count: a.count + b.count }))
    .to(totals),
);
