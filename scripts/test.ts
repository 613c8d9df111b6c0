/**
 * Runs the tests with Node's own runner: `npm test [-- PATTERN... --test-name-pattern=…]`.
 *
 * A pattern is a glob or a folder, relative to the root. Without one: all tests of packages, examples,
 * scripts and e2e but those that take minutes (`*.long.test.ts`, `test/long/`; `--long` runs only them) and those
 * that need real servers (`e2e/services/`; `--services` runs only them). Under CI=true a test that
 * needs real data fails where the data is missing. The runner's own closing lines come last.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { nodePath, pathWithNode, repositoryRoot } from "./lib/repository.ts";

const SETS = ["--long", "--services"];
const args = process.argv.slice(2);
const set = args.find((arg) => SETS.includes(arg));
const flags = args.filter((arg) => arg.startsWith("-") && !SETS.includes(arg));
const patterns = args.filter((arg) => !arg.startsWith("-"));
const files = selectFiles();

if (files.length === 0) {
  const wanted = patterns.length > 0 ? patterns.join(" ") : (set ?? "packages/*/test, examples/*/test, scripts/test, e2e");
  console.error(`No test file matches ${wanted}. Patterns are globs or folders, relative to the root.`);
  process.exit(1);
}

const slow = files.some((file) => setOf(file) !== undefined);
const minutes = slow ? 60 : 2;
const run = spawnSync(
  nodePath,
  [
    "--conditions=millrace-source",
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${slow ? 1 : availableParallelism()}`,
    `--test-timeout=${minutes * 60_000}`,
    ...flags,
    ...files,
  ],
  { cwd: repositoryRoot, stdio: "inherit", env: testEnvironment() },
);
if (run.error !== undefined) throw run.error;
process.exitCode = run.status ?? 1;

function selectFiles(): string[] {
  const globs = patterns.length > 0 ? patterns.map(asGlob) : ["{packages/*,examples/*,scripts}/test/**/*.test.ts", "e2e/**/*.test.ts"];
  const found = globSync(globs, { cwd: repositoryRoot, exclude: (path) => path === "node_modules" || path === "dist" });
  return found.filter((file) => patterns.length > 0 || setOf(file) === set).toSorted();
}

function asGlob(pattern: string): string {
  const path = join(repositoryRoot, pattern);
  return existsSync(path) && statSync(path).isDirectory() ? `${pattern.replace(/\/$/, "")}/**/*.test.ts` : pattern;
}

function setOf(file: string): string | undefined {
  const path = file.replaceAll("\\", "/");
  if (path.startsWith("e2e/services/")) return "--services";
  return path.endsWith(".long.test.ts") || path.includes("/long/") ? "--long" : undefined;
}

function testEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: pathWithNode };
  if (env["CI"] === "true") env["MILLRACE_REQUIRE_DATA"] ??= "1";
  return env;
}
