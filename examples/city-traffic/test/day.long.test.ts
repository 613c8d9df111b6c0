import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";

const KILLS = 12;

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

test("a day of the city follows from its seed and the edits: in one instance or two, undisturbed or killed at random moments", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-day-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const undisturbed = await day(join(folder, "undisturbed"), 1);
  assert.equal(undisturbed.code, 0, undisturbed.stderr);
  const { readings, intersections, alarms, plans } = JSON.parse(undisturbed.stdout) as Readonly<Record<string, readonly { readonly id?: string; readonly lamp?: string }[]>>;
  assert.ok(Number(readings) > 100_000);
  assert.ok(intersections.some(({ id }) => id === "Z9") && !intersections.some(({ id }) => id === "A1"));
  assert.ok(plans.length >= 8 && alarms.every(({ lamp }) => lamp !== undefined));

  const two = await day(join(folder, "two"), 2);
  assert.equal(two.stdout, undisturbed.stdout, `two instances: ${two.stderr}`);

  let kills = 0;
  for (let attempt = 0; ; attempt++) {
    const ended = await day(join(folder, "killed"), 1 + (attempt % 2), kills < KILLS ? 800 + 2500 * Math.random() : undefined);
    if (ended.signal === "SIGKILL") {
      kills++;
      continue;
    }
    assert.equal(ended.stdout, undisturbed.stdout, `after ${kills} kills: ${ended.stderr}`);
    break;
  }
  t.diagnostic(`killed ${kills} times`);
});

/** Runs the day, or goes on with it, in a process of its own. */
async function day(data: string, instances: number, killAfter?: number): Promise<Ended> {
  const program = join(import.meta.dirname, "edited-day.ts");
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, ["--conditions=millrace-source", program, data, String(instances)], { env, stdio: ["ignore", "pipe", "pipe"] });
  if (killAfter !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfter);
  const closed = new Promise<Pick<Ended, "code" | "signal">>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { ...(await closed), stdout, stderr };
}
