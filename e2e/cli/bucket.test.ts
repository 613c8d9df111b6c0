import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { millrace, parseRows, temporaryFolder } from "./support.ts";

const PROGRAM = join(import.meta.dirname, "bucket-program.ts");

/** A program that reads a bucket, which can be killed and started again. */
class Reading {
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  /** How many rows the topic had when the program that runs said it last; undefined: it has not yet. */
  #copied: number | undefined;

  constructor(data: string, bucket: string) {
    this.#args = ["--conditions=millrace-source", PROGRAM, data, bucket];
  }

  start(): void {
    const child = spawn(process.execPath, this.#args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    this.#copied = undefined;
    createInterface({ input: child.stdout }).on("line", (line) => (this.#copied = Number(line)));
  }

  /** Waits until the topic has at least so many rows. */
  async until(rows: number): Promise<void> {
    while (!((this.#copied ?? -1) >= rows)) {
      assert.equal(this.#child?.exitCode, null);
      await wait(10);
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  }
}

test("every object put into a bucket is read once: live, rewritten, written slowly, through kills", async (t) => {
  const folder = temporaryFolder(t);
  const bucket = join(folder, "bucket");
  const data = join(folder, "data");
  mkdirSync(join(bucket, "sub"), { recursive: true });
  let next = 0;
  const rows = (count: number): string => Array.from({ length: count }, () => `{"id":${next++}}\n`).join("");
  const reading = new Reading(data, bucket);
  t.after(() => reading.kill());
  reading.start();

  // One after another, each while the reader has nothing else to do; the same name again is a new object.
  for (const name of ["a.ndjson", "b.ndjson", "a.ndjson"]) {
    writeFileSync(join(bucket, ".put"), rows(50));
    renameSync(join(bucket, ".put"), join(bucket, name));
    await reading.until(next);
  }
  const slow = openSync(join(bucket, "slow.ndjson"), "w");
  for (const part of rows(300).match(/.{1,900}/gs) ?? []) {
    writeSync(slow, part);
    await wait(15);
  }
  closeSync(slow);
  await reading.until(next);

  for (let round = 0; round < 4; round++) {
    const before = next;
    writeFileSync(join(bucket, "sub", `${round}.ndjson.gz`), gzipSync(rows(3000)));
    writeFileSync(join(bucket, ".put"), rows(2000));
    renameSync(join(bucket, ".put"), join(bucket, `round-${round}.ndjson`));
    await reading.until(before + 1);
    await reading.kill();
    reading.start();
  }
  await reading.until(next);
  // Nothing is read again, neither now nor after one more start.
  await wait(800);
  await reading.kill();
  reading.start();
  await reading.until(next);
  await wait(800);
  await reading.kill();
  const { stdout } = await millrace(["topics", "tail", "copied", "-n", "1000000", "--data", data]);
  const ids = parseRows<{ readonly id: number }>(stdout).map(({ id }) => id).toSorted((a, b) => a - b);
  assert.deepEqual(ids, Array.from({ length: next }, (_, id) => id));
  const dead = await millrace(["dead", "list", "rows", "--data", data]);
  assert.equal(dead.stdout, "");
});
