import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { aarhus, millrace, run, temporaryFolder } from "./support.ts";

const WORKFLOW = `
import { topic, workflow } from "millrace";
const words = topic("words");
const out = topic("out");
export const copy = workflow("copy", (flow) => flow.from(words).to(out));
`;

/** Arguments that are wrong, and what the command must say about them. */
const WRONG: readonly (readonly [name: string, args: readonly string[], said: RegExp])[] = [
  ["an unknown option, with what was meant", ["run", aarhus, "--ot", "ranking=x"], /unknown option '--ot'[^]*--out/],
  ["an unknown command, with what was meant", ["rum", aarhus], /unknown command 'rum'[^]*run\?/],
  ["a missing argument", ["run"], /missing required argument 'file'[^]*millrace run --help/],
  ["a file that is not there", ["run", "nowhere.ts"], /file nowhere\.ts: there is no such file/],
  ["an input that is not there", ["run", aarhus, "--in", "observations=nowhere.csv"], /nowhere\.csv: there is no such file/],
  ["a topic that no workflow reads", ["run", aarhus, "--in", "observation=week.csv"], /--in observation: aarhus reads no such topic, only observations/],
  ["a result that no workflow writes", ["run", aarhus, "--out", "rankings=x.ndjson"], /--out rankings: no workflow of this run writes it; there are: ranking, busy, busyExact, observations\.dead/],
  ["a result in a folder that is not there", ["run", aarhus, "--out", "ranking=nowhere/x.ndjson"], /the folder nowhere does not exist/],
  ["an option that is no pair", ["run", aarhus, "--in", "week.csv"], /--in week\.csv: write --in NAME=PATH/],
  ["a number that is none", ["run", aarhus, "--instances", "many"], /whole number from 1 to 64/],
  ["a range that goes down", ["run", aarhus, "--instances", "4..2"], /a range such as 0\.\.4/],
  ["limits of a stage without how many in all", ["run", aarhus, "--instances", "aarhus=1"], /--instances: say how many there may be in all too/],
  ["limits of a stage that is not there", ["run", aarhus, "--in", `observations=${aarhus}`, "--instances", "2", "--instances", "aarhus/other=1"], /limits of aarhus\/other: there is no such stage or workflow.*the stages are aarhus\/source-observations/],
  ["a cut that is none", ["run", aarhus, "--cut", "here"], /Allowed choices are none, shuffle, every/],
  ["a backend that is not there", ["run", aarhus, "--backend", "cluster"], /--backend cluster: there is no backend of this name; there is no millrace\.config\.ts here/],
  ["an export that is no workflow", ["run", `${aarhus}#traffic`], /exports no workflow traffic; its workflows are: aarhus/],
  ["a data folder that is not there", ["topics", "list", "--data", "nowhere"], /data folder nowhere: there is none/],
  ["a data folder that is not given", ["dead", "list"], /required option '--data <dir>' not specified/],
];

for (const [name, args, said] of WRONG) {
  test(`wrong usage: ${name}`, async () => {
    const { code, stdout, stderr } = await millrace(args);
    assert.match(stderr, said);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.doesNotMatch(stderr, /\n\s+at .*node:internal/);
  });
}

test("a topic with nothing to read says how to bind it", async (t) => {
  const file = moduleOf(temporaryFolder(t), WORKFLOW);
  const { code, stderr } = await millrace(["run", file]);
  assert.match(stderr, /topic words: has nothing to read; give --in words=FILE/);
  assert.equal(code, 2);
});

test("a file without a workflow says what to export", async (t) => {
  const { code, stderr } = await millrace(["run", moduleOf(temporaryFolder(t), "export const nothing = 1;")]);
  assert.match(stderr, /workflow\.ts: exports no workflow; write: export const NAME = workflow/);
  assert.equal(code, 2);
});

test("a syntax error is shown with its place", async (t) => {
  const { code, stderr } = await millrace(["run", moduleOf(temporaryFolder(t), "export const a = 1;\nexport const b = = 2;\n")]);
  assert.match(stderr, /cannot be loaded/);
  assert.match(stderr, /workflow\.ts:2/);
  assert.match(stderr, /const b = = 2/);
  assert.equal(code, 2);
});

test("a name that is declared twice is shown with its place", async (t) => {
  const { code, stderr } = await millrace(["run", moduleOf(temporaryFolder(t), "export const a = 1;\nconst a = 2;\n")]);
  assert.match(stderr, /Identifier 'a' has already been declared\n\s+at .*workflow\.ts:2/);
  assert.equal(code, 2);
});

test("an error while the file is imported is shown with its place, and its stack only with --debug", async (t) => {
  const file = moduleOf(temporaryFolder(t), 'const read = (o: { a: { b: number } }) => o.a.b;\nread(JSON.parse("{}"));\n');
  const { code, stderr } = await millrace(["run", file]);
  assert.match(stderr, /cannot be loaded: TypeError: Cannot read properties of undefined/);
  assert.match(stderr, /at .*workflow\.ts:1:\d+/);
  assert.doesNotMatch(stderr, /modules\.ts/);
  assert.equal(code, 2);
  const debugged = await millrace(["run", file, "--debug"]);
  assert.match(debugged.stderr, /\n\s+at .*workflow\.ts:2/);
});

test("a project of CommonJS, as npm init makes it, is told what to write", async (t) => {
  const folder = temporaryFolder(t);
  const file = moduleOf(folder, WORKFLOW);
  writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }');
  const { code, stderr } = await millrace(["plan", file]);
  assert.equal(code, 2);
  assert.match(stderr, /Node takes the file for CommonJS\. Write "type": "module" into .*package\.json \(npm pkg set type=module\), or name the file \.mts/);
  // Without a type Node finds out by itself, in workers too.
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "words.ndjson"), '{"word":"a"}\n');
  const typeless = await millrace(["run", file, "--in", `words=${join(folder, "words.ndjson")}`, "--instances", "2"]);
  assert.equal(typeless.code, 0);
  assert.doesNotMatch(typeless.stderr, /[Ww]arning: M/);
});

test("an import that is not there is named", async (t) => {
  const { code, stderr } = await millrace(["run", moduleOf(temporaryFolder(t), 'import "./model.ts";\n')]);
  assert.match(stderr, /cannot be loaded: Error: Cannot find module .*model\.ts/);
  assert.equal(code, 2);
});

test("a graph that cannot be planned is told with its workflow", async (t) => {
  const text = 'import { topic, workflow } from "millrace";\nexport const idle = workflow("idle", (flow) => flow.from(topic("words")));\n';
  const { code, stderr } = await millrace(["plan", moduleOf(temporaryFolder(t), text)]);
  assert.match(stderr, /workflow idle: it writes nothing; end with \.to\(topic\)/);
  assert.equal(code, 2);
});

test("help says how a command is used, with an example", async () => {
  for (const command of [["--help"], ["run", "--help"], ["dead", "replay", "--help"]]) {
    const { code, stdout } = await millrace(command);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: millrace /);
    assert.match(stdout, /Examples?:\n\s+\$ millrace /);
  }
});

test("npx finds the command in a clone", async () => {
  const { code, stdout, stderr } = await run("npx", ["--no-install", "millrace", "--help"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Usage: millrace /);
});

/** Writes a module where `millrace` can be imported from. */
function moduleOf(folder: string, text: string): string {
  const file = join(folder, "workflow.ts");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(file, text.replace('"millrace"', JSON.stringify(import.meta.resolve("millrace"))));
  return file;
}
