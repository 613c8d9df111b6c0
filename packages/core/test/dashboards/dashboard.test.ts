import assert from "node:assert/strict";
import { test } from "node:test";
import { collection, topic, workflow } from "@millrace/core";
import { dashboard, lines, map, metrics, places, table } from "@millrace/core/dashboards";

interface Place {
  readonly name: string;
  readonly at: { readonly latitude: number; readonly longitude: number };
  readonly state: "open" | "closed";
  readonly speed: number;
}

const spots = collection<Place>("places", { key: (row) => row.name });
const flowing = workflow("flowing", (flow) => flow.from(topic<Place>("seen")).to(spots));

test("a dashboard is plain data, without functions", () => {
  const made = dashboard("city", "City", [
    table(spots, { title: "Fast", columns: ["name", { field: "speed", unit: "km/h", digits: 1 }], order: "-speed", limit: 10, where: { state: "open" } }),
    map([places(spots, { latitude: "at.latitude", longitude: "at.longitude", label: "name", colour: { field: "speed", bad: 5, good: 50 } })], { title: "Map", span: 8 }),
    lines(spots, { title: "Speeds", x: "at.latitude", lines: ["speed"] }),
    metrics("rate", [flowing], { title: "Rate" }),
  ]);
  assert.deepEqual(structuredClone(made), made);
  const [first, , , last] = made.panels;
  assert.equal(first?.kind, "table");
  assert.ok(first.kind === "table");
  assert.deepEqual(first.order, { field: "speed", descending: true });
  assert.deepEqual(first.columns, [
    { field: "name", title: "name" },
    { field: "speed", title: "speed", unit: "km/h", digits: 1 },
  ]);
  assert.deepEqual(first.where, { state: "open" });
  assert.equal(first.span, 6);
  assert.ok(last?.kind === "metrics");
  assert.deepEqual(last.workflows, ["flowing"]);
});

test("fields are those of the row, checked by the compiler", () => {
  // @ts-expect-error there is no field colour
  table(spots, { title: "Wrong", columns: ["colour"] });
  // @ts-expect-error there is no field altitude inside
  places(spots, { latitude: "at.altitude", longitude: "at.longitude" });
  assert.throws(() => table(spots, { title: "Narrow", columns: ["name"], span: 2 }), { code: "MILLRACE_USAGE" });
  assert.throws(() => dashboard("empty", "Empty", []), { code: "MILLRACE_USAGE" });
});
