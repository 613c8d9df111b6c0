import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { writeModule } from "./modules.ts";
import { millrace, temporaryFolder } from "./support.ts";

const COPY = `
import { fields, topic, workflow } from "millrace";
const rows = topic("rows", { schema: fields({ id: "integer", text: "string" }) });
export const copy = workflow("copy", (flow) => flow.from(rows).map((row) => row).to(topic("copied")));
`;

const ROWS = 200_000;

/** A file system of so many bytes that is gone when the test is over; undefined, and the test skipped, where it cannot be mounted. */
function smallDisk(t: TestContext, bytes: number): string | undefined {
  const disk = mkdtempSync(join(tmpdir(), "millrace-disk-"));
  t.after(() => {
    spawnSync("umount", [disk]);
    rmdirSync(disk);
  });
  const mounted = process.platform === "linux" && spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", disk]).status === 0;
  if (!mounted) {
    const reason = "a file system of a given size can only be mounted on Linux as root";
    console.error(`SKIPPED, ${reason}`);
    t.skip(reason);
    return undefined;
  }
  return disk;
}

function writeRows(folder: string): string {
  const path = join(folder, "rows.ndjson");
  writeFileSync(path, Array.from({ length: ROWS }, (_, id) => `{"id":${id},"text":"${"x".repeat(100)}"}\n`).join(""));
  return path;
}

test("a run whose store has no room left says so at once, and goes on when there is", async (t) => {
  const disk = smallDisk(t, 6_000_000);
  if (disk === undefined) return;
  const folder = temporaryFolder(t);
  const out = join(folder, "copied.ndjson");
  const args = ["run", writeModule(folder, COPY), "--in", `rows=${writeRows(folder)}`, "--data", join(disk, "data"), "--out", `copied=${out}`];
  const full = await millrace(args);
  assert.equal(full.code, 1, full.stderr);
  assert.match(full.stderr, /no room is left for a commit.*\[MILLRACE_STORE_FULL\]/s);
  assert.equal(existsSync(out), false);

  spawnSync("mount", ["-o", "remount,size=100000000", disk]);
  const resumed = await millrace(args);
  assert.equal(resumed.code, 0, resumed.stderr);
  const ids = readFileSync(out, "utf8").trimEnd().split("\n").map((line) => (JSON.parse(line) as { id: number }).id);
  assert.deepEqual(ids, Array.from({ length: ROWS }, (_, id) => id));
});

test("results that do not fit are an error, and leave nothing behind", async (t) => {
  const disk = smallDisk(t, 2_000_000);
  if (disk === undefined) return;
  const folder = temporaryFolder(t);
  const out = join(disk, "copied.ndjson");
  const { code, stderr } = await millrace(["run", writeModule(folder, COPY), "--in", `rows=${writeRows(folder)}`, "--out", `copied=${out}`]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /the disk is full.*\[MILLRACE_IO\]/s);
  assert.deepEqual(readdirSync(disk), []);
});
