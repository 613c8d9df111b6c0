import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bytesOf, millrace, temporaryFolder, type Ended } from "../cli/support.ts";
import { COUNT, expectedLog, INTERSECTIONS } from "./signal-loop.ts";

const FILE = fileURLToPath(new URL("./signal-loop.ts", import.meta.url));

for (const instances of [1, 2]) {
  test(`a loop that is killed with SIGKILL again and again is the same function of its input (${instances} instances)`, { timeout: 180_000 }, async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, "data");
    let kills = 0;
    for (let at = 60_000; ; at *= 2) {
      const ended = await run(folder, instances, () => bytesOf(data) > at);
      if (ended.signal !== "SIGKILL") {
        assert.equal(ended.code, 0, ended.stderr);
        break;
      }
      kills++;
    }
    assert.ok(kills > 1, `${kills} kills`);
    const lines = readFileSync(join(folder, "log.ndjson"), "utf8").split("\n").filter((line) => line !== "").sort();
    assert.equal(lines.length, COUNT * INTERSECTIONS);
    assert.deepEqual(lines, expectedLog());
  });
}

/** Runs the loop in a folder, or goes on with it there; killed as soon as `dies` says so. */
function run(folder: string, instances: number, dies: () => boolean): Promise<Ended> {
  const args = ["run", FILE, "--data", join(folder, "data"), "--instances", String(instances), "--out", `log=${join(folder, "log.ndjson")}`];
  return millrace(args, {
    during(child) {
      child.stdin?.end();
      const timer = setInterval(() => void (dies() && child.kill("SIGKILL")), 5);
      child.once("exit", () => clearInterval(timer));
    },
  });
}
