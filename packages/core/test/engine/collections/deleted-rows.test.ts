import assert from "node:assert/strict";
import { test } from "node:test";
import { collection, topic, workflow } from "@millrace/core";
import { harness } from "@millrace/core/testing";

interface Light {
  readonly place: string;
  readonly broken: boolean;
}

const lights = topic<Light>("lights");
const broken = collection<Light>("broken", { key: ({ place }) => place, deleted: (light) => !light.broken });

test("a value that says that its row is gone takes it out of the collection, also where it was never there", async (t) => {
  const h = await harness(workflow("lights", (flow) => flow.from(lights).to(broken)));
  t.after(() => h.stop());
  await h.push(lights, { place: "A", broken: true }, { place: "B", broken: true }, { place: "C", broken: false });
  assert.deepEqual(h.rows(broken).map(({ place }) => place), ["A", "B"]);
  await h.push(lights, { place: "A", broken: false }, { place: "B", broken: false }, { place: "B", broken: true });
  assert.deepEqual(h.rows(broken).map(({ place }) => place), ["B"]);
  await h.restart();
  assert.deepEqual(h.rows(broken).map(({ place }) => place), ["B"]);
});
