import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

test("millrace re-exports every name that the core offers, types included", () => {
  const core = exportsOf("../../core/src/index.ts");
  const here = exportsOf("../src/index.ts");
  assert.ok(core.size > 50);
  assert.deepEqual([...core].filter((name) => !here.has(name)), []);
});

test("millrace/testing re-exports every name of the core's testing", () => {
  const here = exportsOf("../src/testing.ts");
  assert.deepEqual([...exportsOf("../../core/src/testing/index.ts")].filter((name) => !here.has(name)), []);
});

test("millrace/dashboards re-exports every name of the core's dashboards", () => {
  const here = exportsOf("../src/dashboards.ts");
  assert.deepEqual([...exportsOf("../../core/src/dashboards/index.ts")].filter((name) => !here.has(name)), []);
});

function exportsOf(path: string): ReadonlySet<string> {
  const text = readFileSync(new URL(path, import.meta.url), "utf8");
  const lists = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].map((match) => match[1] ?? "");
  return new Set(lists.flatMap((list) => list.split(",").map((name) => name.trim()).filter((name) => name !== "")));
}
