/**
 * Runs every example as its README says it is run: `npm run examples [-- NAME...]`.
 *
 * examples/examples.json lists them: `{ "file", "args"?, "seconds"?, "expect"? }`, the file relative
 * to the root, its arguments to `millrace run` (none: an example runs without any), the time it may
 * take (60 by default), and a regular expression that its output must match. A folder of examples/
 * with a README but no entry, or a file its README does not name, is an error.
 */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { nodePath, pathWithNode, repositoryRoot } from "./lib/repository.ts";

interface Example {
  readonly file: string;
  readonly args?: readonly string[];
  readonly seconds?: number;
  readonly expect?: string;
}

const list = join(repositoryRoot, "examples/examples.json");
const command = join(repositoryRoot, "packages/cli/bin/millrace.js");
const examples = existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as Example[]) : [];
const wanted = process.argv.slice(2);
const problems = unlisted();

if (examples.length === 0 || !existsSync(command)) {
  console.log(`NOT RUN: ${examples.length === 0 ? "examples/examples.json lists no example" : "packages/cli/bin/millrace.js is not there"} yet.`);
} else {
  for (const example of examples) {
    if (wanted.length === 0 || wanted.some((name) => example.file.includes(name))) problems.push(...runExample(example));
  }
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

function runExample({ file, args = [], seconds = 60, expect }: Example): string[] {
  const started = performance.now();
  const run = spawnSync(nodePath, [command, "run", file, ...args], {
    cwd: repositoryRoot,
    encoding: "utf8",
    env: { ...process.env, PATH: pathWithNode },
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
    maxBuffer: 256 * 1024 * 1024,
  });
  const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const failure = failureOf(run, seconds, expect);
  console.log(`${failure === undefined ? "ok    " : "FAILED"} ${file} ${args.join(" ")} (${took})`);
  if (failure === undefined) return [];
  return [`${file}: ${failure}\n${tail(run.stdout)}\n${tail(run.stderr)}`];
}

function failureOf(run: SpawnSyncReturns<string>, seconds: number, expect: string | undefined): string | undefined {
  if (run.signal === "SIGKILL") return `was not done after ${seconds} s`;
  if (run.error !== undefined) return run.error.message;
  if (run.status !== 0) return `ended with exit code ${run.status}`;
  const output = run.stdout;
  if (output.trim() === "") return "printed nothing on standard output";
  return expect === undefined || new RegExp(expect).test(output) ? undefined : `its output does not match /${expect}/`;
}

function unlisted(): string[] {
  const folders = globSync("examples/*/README.md", { cwd: repositoryRoot }).map(dirname);
  const missing = folders.filter((folder) => !examples.some(({ file }) => file.startsWith(`${folder.replaceAll("\\", "/")}/`)));
  const unnamed = examples.filter(({ file }) => {
    const readme = join(repositoryRoot, dirname(file), "README.md");
    return !existsSync(readme) || !readFileSync(readme, "utf8").includes(basename(file));
  });
  return [
    ...missing.map((folder) => `${folder}: has no entry in examples/examples.json. Add one.`),
    ...unnamed.map(({ file }) => `${file}: its folder's README.md does not name it. Say there how to run it.`),
  ];
}

function tail(text: string): string {
  return text.split("\n").slice(-30).join("\n");
}
