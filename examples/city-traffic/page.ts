import { dashboard, lines, map, metrics, places as placesOf, table, type Panel } from "millrace/dashboards";
import { busy } from "./busy.ts";
import { control } from "./control.ts";
import { lamps } from "./lamps.ts";
import { alarms, busyIntersections, delays, intersections, LENGTHS, places, plans, rankings, repairs, sensors } from "./model.ts";
import { ranking } from "./ranking.ts";
import { simulation } from "./simulation.ts";

const kmh = { unit: "km/h", digits: 1 } as const;
const seconds = { unit: "s", digits: 1 } as const;
const watched = [simulation, ranking, busy, control, lamps];

/** What an operator watches. */
export const operations = dashboard("traffic", "City traffic", [
  map(
    [
      placesOf(places, {
        latitude: "latitude",
        longitude: "longitude",
        label: "intersection",
        colour: { field: "speed", bad: 15, good: 50 },
        signal: { northSouth: "northSouth", eastWest: "eastWest" },
        detail: [{ field: "speed", ...kmh }, "waiting", { field: "broken", title: "broken lamps" }],
      }),
      placesOf(alarms, { latitude: "latitude", longitude: "longitude", label: "intersection", colour: { field: "cleared", values: { false: "bad" } }, detail: ["approach", "lamp"] }),
    ],
    { title: "Intersections", span: 7 },
  ),
  table(alarms, {
    title: "Broken lamps",
    span: 5,
    columns: ["intersection", "approach", "lamp"],
    order: "-since",
    actions: [{ label: "Repair", put: { into: repairs, fields: ["intersection", "approach", "lamp"] } }],
  }),
  lines(delays, {
    title: "How long a vehicle stood",
    x: "window.end",
    lines: [{ field: "controlled", title: "lights set by the traffic", ...seconds }, { field: "fixed", title: "fixed timing", ...seconds }],
  }),
  table(plans, {
    title: "Signal plans",
    columns: ["intersection", { field: "cycle", ...seconds }, { field: "phases.NS.green", title: "green north–south", ...seconds }, { field: "phases.EW.green", title: "green east–west", ...seconds }, { field: "delay", ...seconds }],
    order: "-delay",
    limit: 200,
  }),
  ...LENGTHS.map((length): Panel =>
    table(rankings, {
      title: `Fastest, ${length}`,
      span: 4,
      columns: ["rank", "intersection", { field: "speed", ...kmh }, { field: "window.end", title: "until", as: "time" }],
      where: { length },
      order: "-window.end",
      limit: 10,
    }),
  ),
  table(busyIntersections, {
    title: "Busier than the city",
    span: 12,
    columns: ["length", { field: "window.end", title: "until", as: "time" }, { field: "median", title: "median of all" }, "intersections", "exceeding"],
    order: "-window.end",
  }),
  metrics("rate", watched, { title: "Throughput" }),
  metrics("latency", watched, { title: "Latency" }),
]);

/** What an operator changes. */
export const setUp = dashboard("set-up", "Set-up", [
  table(intersections, { title: "Intersections", span: 12, columns: ["id", { field: "latitude", digits: 5 }, { field: "longitude", digits: 5 }, { field: "lostTime", title: "lost time", unit: "s" }], limit: 1000, edit: true }),
  table(sensors, { title: "Sensors", columns: ["intersection", "approach"], limit: 1000, edit: true }),
  table(repairs, { title: "Repairs", columns: ["intersection", "approach", "lamp"], edit: true }),
]);
