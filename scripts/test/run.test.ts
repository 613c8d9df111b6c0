import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { nodePath, repositoryRoot } from "../lib/repository.ts";

const posix = { skip: process.platform === "win32" ? "signals are POSIX's" : false, timeout: 60_000 };

test("what an npm script runs stops when npm's shell is ended, and does not live on alone", posix, async () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  // The second command keeps the shell from becoming the program.
  const line = `"${nodePath}" "${join(repositoryRoot, "scripts/run.mjs")}" test/fixtures/waiting; true`;
  const shell = spawn("sh", ["-c", line], { env: { ...env, npm_lifecycle_event: "start" }, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  const ended = new Promise<void>((resolve) => {
    shell.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (said === "") shell.kill("SIGTERM");
      said += text;
    });
    // Whoever holds the pipe is alive: it ends with the last of them.
    shell.stdout.once("close", resolve);
  });
  await ended;
  assert.equal(said, "waiting\nstopped\n");
});
