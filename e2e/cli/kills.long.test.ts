import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { realData } from "../support/data.ts";
import { aarhus, millrace, temporaryFolder, type Ended } from "./support.ts";

const week = realData("traffic/aarhus-citypulse/dev/week_2014-08-04_all449_by_arrival.csv.gz");
const NAMES = ["ranking", "busy", "busyExact"];
const KILLS = 100;

test(`killed ${KILLS} times at random moments of the real week, every run gives the undisturbed output`, { skip: week.skip }, async (t) => {
  const undisturbed = temporaryFolder(t);
  const begun = performance.now();
  assert.equal((await run(undisturbed, 1)).code, 0);
  const whole = performance.now() - begun;
  const expected = results(undisturbed);
  const random = seeded(20_140_804);
  let kills = 0;
  let runs = 0;
  while (kills < KILLS) {
    const folder = temporaryFolder(t);
    // With one instance only: that of two differs in nothing but the moments, and takes longer.
    for (;;) {
      const ended = await run(folder, 1, kills < KILLS ? random() * whole : undefined);
      if (ended.signal !== "SIGKILL") {
        assert.equal(ended.code, 0, ended.stderr);
        break;
      }
      kills++;
    }
    runs++;
    assert.deepEqual(results(folder), expected, `run ${runs}, after ${kills} kills in all`);
    rmSync(folder, { recursive: true });
  }
  t.diagnostic(`${kills} kills in ${runs} runs`);
});

/** Runs the week in a folder, or goes on with it there; killed after some milliseconds unless it has ended. */
function run(folder: string, instances: number, killAfter?: number): Promise<Ended> {
  const outs = NAMES.flatMap((name) => ["--out", `${name}=${join(folder, `${name}.ndjson`)}`]);
  const args = ["run", aarhus, "--in", `observations=${week.path}`, "--data", join(folder, "data"), "--instances", String(instances), ...outs];
  return millrace(args, {
    during(child) {
      child.stdin?.end();
      if (killAfter === undefined) return;
      const timer = setTimeout(() => child.kill("SIGKILL"), killAfter);
      child.once("exit", () => clearTimeout(timer));
    },
  });
}

function results(folder: string): readonly Buffer[] {
  return NAMES.map((name) => readFileSync(join(folder, `${name}.ndjson`)));
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}
