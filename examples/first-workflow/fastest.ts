import { count, fields, mean, topic, tumbling, workflow } from "millrace";

const readings = topic("readings", {
  schema: fields({ road: "string", speed: "number", at: "timestamp" }),
});
const ranking = topic("ranking");

export const fastest = workflow("fastest", (flow) =>
  flow
    .from(readings, { time: (reading) => reading.at, outOfOrderness: "1m" })
    .keyBy((reading) => reading.road)
    .window(tumbling("15m"))
    .aggregate({ speed: mean((reading) => reading.speed), cars: count() })
    .top(2, (row) => row.speed, { per: "window" })
    .to(ranking),
);

export const sources = { readings: "readings.ndjson" };
