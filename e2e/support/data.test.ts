import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const helper = fileURLToPath(new URL("./data.ts", import.meta.url));

function ask(env: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  const code = `import { realData } from ${JSON.stringify(helper)}; console.log(realData("some/week.csv").skip);`;
  const { MILLRACE_REQUIRE_DATA: _, ...inherited } = process.env;
  return spawnSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8", env: { ...inherited, ...env } });
}

test("missing real data is skipped with its reason, and fails where it is required", () => {
  const skipped = ask({ MILLRACE_DATA: "/nowhere" });
  assert.equal(skipped.status, 0);
  assert.match(skipped.stdout, /real data is missing: some\/week\.csv; set MILLRACE_DATA/);
  assert.match(skipped.stderr, /^SKIPPED/);

  const required = ask({ MILLRACE_DATA: "/nowhere", MILLRACE_REQUIRE_DATA: "1" });
  assert.notEqual(required.status, 0);
  assert.match(required.stderr, /real data is missing/);
});
