import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseMarkdown } from "../lib/markdown.ts";
import { repositoryRoot } from "../lib/repository.ts";

/** The programs of these documents are run as they stand; what is printed is what `output: FILE` says. */
const DOCUMENTS = ["README.md", "docs/guide.md"];

// Inside the repository, so that they find the packages as a project finds those that it has installed.
const scratch = join(repositoryRoot, ".docs-check");

for (const document of DOCUMENTS) {
  const { blocks } = parseMarkdown(readFileSync(join(repositoryRoot, document), "utf8"));
  const outputs = new Map(blocks.filter(({ label }) => label.startsWith("output: ")).map(({ label, text }) => [label.slice("output: ".length), text]));
  for (const { label, text, line } of blocks) {
    const [, file] = /^file: ([\w.-]+\.ts)$/.exec(label) ?? [];
    if (file === undefined) continue;
    test(`${document}:${line}: ${file} runs`, { timeout: 60_000 }, async (t) => {
      mkdirSync(scratch, { recursive: true });
      const folder = mkdtempSync(join(scratch, "run-"));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      writeFileSync(join(folder, file), text);
      const { code, stdout, stderr } = await run(file, folder);
      assert.equal(code, 0, stderr);
      const expected = outputs.get(file);
      if (expected !== undefined) assert.equal(stdout.trimEnd(), expected);
    });
  }
}

function run(file: string, cwd: string): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  const child = spawn(process.execPath, ["--conditions=millrace-source", file], { cwd, env: { ...env, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...said }));
  });
}
