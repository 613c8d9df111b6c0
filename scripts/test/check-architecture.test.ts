import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const tree = mkdtempSync(join(tmpdir(), "millrace-architecture-"));
after(() => rmSync(tree, { recursive: true, force: true }));

test("each way to break the direction of imports is reported at its file and line", () => {
  for (const file of ["architecture.json", "package.json", "packages/core/package.json", "packages/drivers/package.json", "packages/cli/package.json"]) {
    write(file, "");
    cpSync(join(repositoryRoot, file), join(tree, file));
  }
  write("packages/core/src/engine/step.ts", "export const step = 1;\n");
  write("packages/core/src/contracts/up.ts", '// one line above\nimport type { step } from "../engine/step.ts";\n');
  write("packages/core/src/contracts/type-query.ts", 'export type Step = typeof import("../engine/step.ts");\n');
  write("packages/core/src/surprise/folder.ts", 'import "../errors.ts";\n');
  write("packages/core/src/codec/io.ts", 'import { readFile } from "node:fs/promises";\n');
  write("packages/core/src/codec/driver.ts", 'export * from "@millrace/drivers/files";\n');
  write("packages/core/src/codec/undeclared.ts", 'import { z } from "zod";\n');
  write("packages/core/src/codec/allowed.ts", 'import type { A } from "../contracts/up.ts";\nimport type { StandardSchemaV1 } from "@standard-schema/spec";\n');
  write("packages/drivers/src/files/deep.ts", 'import { step } from "@millrace/core/src/engine/step.ts";\n');
  write("packages/drivers/src/files/sibling.ts", 'const url = new URL("../embedded/worker.ts", import.meta.url);\n');
  write("packages/drivers/src/files/leaves.ts", 'await import("../../../core/src/errors.ts");\n');
  write("packages/drivers/src/files/allowed.ts", 'import { MillraceError } from "@millrace/core";\nimport "node:fs";\n');
  write("packages/drivers/test/files/read.test.ts", 'import { realData } from "../../../../e2e/support/data.ts";\n');
  write("packages/cli/src/own-name.ts", 'await import("#nothing");\n');
  write("packages/cli/src/allowed.ts", 'await import("#main");\n');
  write("examples/city/inside.ts", 'import { plan } from "@millrace/core/internal";\n');
  write("bench/micro/allowed.ts", 'import "../../packages/core/src/errors.ts";\n');
  write("packages/core/src/time/long.ts", "\n".repeat(501));

  const reported = check();
  assert.ok(reported.some((line) => line.startsWith("packages/cli/package.json: declares commander, which no source file imports")));
  const expected = [
    ['packages/core/src/contracts/up.ts:2: imports "../engine/step.ts"', "contracts may import errors.ts beside itself"],
    ["packages/core/src/contracts/type-query.ts:1:", "contracts may import errors.ts beside itself"],
    ["packages/core/src/surprise/folder.ts:1:", "surprise has no row"],
    ["packages/core/src/codec/io.ts:1:", "has no I/O"],
    ["packages/core/src/codec/driver.ts:1:", "packages/core may import nothing"],
    ["packages/core/src/codec/undeclared.ts:1:", "does not declare zod"],
    ["packages/drivers/src/files/deep.ts:1:", 'has no export "./src/engine/step.ts"'],
    ["packages/drivers/src/files/sibling.ts:1:", "files may import nothing beside itself"],
    ["packages/drivers/src/files/leaves.ts:1:", "Import @millrace/core by its name"],
    ["packages/cli/src/own-name.ts:1:", "has no #nothing in its imports"],
    ["examples/city/inside.ts:1:", "public exports only"],
    ["packages/core/src/time/long.ts:501:", "the ceiling is 500"],
  ] as const;
  for (const [place, complaint] of expected) {
    assert.ok(reported.some((line) => line.startsWith(place) && line.includes(complaint)), `${place} … ${complaint} in\n${reported.join("\n")}`);
  }
  const atFiles = reported.filter((line) => /^[a-z0-9/.-]+\.ts:\d/.test(line));
  assert.equal(atFiles.length, expected.length, atFiles.join("\n"));
});

function check(): string[] {
  const script = join(repositoryRoot, "scripts", "check-architecture.ts");
  const run = spawnSync(process.execPath, [script, "--root", tree], { encoding: "utf8" });
  assert.equal(run.status, 1, run.stderr);
  return run.stderr.trimEnd().split("\n");
}

function write(path: string, text: string): void {
  const target = join(tree, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
