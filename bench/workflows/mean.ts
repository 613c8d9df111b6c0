import { fields, mean, topic, tumbling, workflow } from "millrace";

/** Of the seven fields of an event, those that are read. */
export const events = topic("events", { schema: fields({ sensor: "string", speed: "number", at: "timestamp" }) });

export interface MeanRow {
  readonly sensor: string;
  readonly start: number;
  readonly mean: number;
}

export const means = topic<MeanRow>("means");

/** The mean speed of each of 10,000 sensors in windows of ten seconds. */
export const meanSpeed = workflow("mean-speed", (flow) =>
  flow
    .from(events, { time: (e) => e.at, outOfOrderness: "1s" })
    .keyBy((e) => e.sensor)
    .window(tumbling("10s"))
    .aggregate({ mean: mean((e) => e.speed) })
    .map((row) => ({ sensor: row.key, start: row.window.start, mean: row.mean ?? 0 }))
    .to(means),
);
