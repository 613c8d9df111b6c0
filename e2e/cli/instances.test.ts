import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { writeModule } from "./modules.ts";
import { millrace, temporaryFolder, type Ended } from "./support.ts";

const WORKFLOW = `
import { count, topic, tumbling, workflow } from "millrace";
const words = topic("words");
const counts = topic("counts");
export const counted = workflow("counted", (flow) =>
  flow
    .from(words, { time: (w) => w.at })
    .map((w) => (w.text === "end" ? process.exit(9) : w))
    .keyBy((w) => w.text)
    .window(tumbling("1s"))
    .aggregate({ n: count() })
    .to(counts),
);
`;

/** Runs the workflow over 10,000 words, of which one may end its process, with the results in order. */
async function counted(t: TestContext, args: readonly string[], options: { readonly trouble?: boolean; readonly config?: string } = {}): Promise<Ended & { readonly results: readonly string[] }> {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "words.ndjson"), Array.from({ length: 10_000 }, (_, i) => `${JSON.stringify({ text: options.trouble === true && i === 5000 ? "end" : `word ${i % 37}`, at: i })}\n`).join(""));
  const file = writeModule(folder, WORKFLOW);
  if (options.config !== undefined) writeFileSync(join(folder, "millrace.config.ts"), options.config);
  const ended = await millrace(["run", file, "--in", "words=words.ndjson", "--out", "counts=-", ...args], { cwd: folder });
  return { ...ended, results: ended.stdout.split("\n").filter((line) => line.includes('"n":')).sort() };
}

for (const args of [["1"], ["0..2"], ["1..2"], ["2", "--instances", "counted/window-1=0..1"], ["3", "--instances", "counted=2"]]) {
  test(`--instances ${args.join(" ")} gives the answer of the main thread`, { timeout: 60_000 }, async (t) => {
    const here = await counted(t, []);
    const { code, results, stderr } = await counted(t, ["--cut", "shuffle", "--instances", ...args]);
    assert.equal(code, 0, stderr);
    assert.ok(results.length > 300);
    assert.deepEqual(results, here.results);
  });
}

test("with --instances 1 a function that ends its process ends a thread, and only its element is given up", { timeout: 60_000 }, async (t) => {
  const { code, results, stderr } = await counted(t, ["--instances", "1", "--report", "json"], { trouble: true });
  assert.equal(code, 0, stderr);
  const sum = results.reduce((all, line) => all + (JSON.parse(line) as { readonly n: number }).n, 0);
  assert.equal(sum, 9_999);
});

test("millrace.config.ts says how many instances a backend has, and --instances comes before it", { timeout: 60_000 }, async (t) => {
  const config = 'export default { backends: { threads: { kind: "embedded", instances: { max: 3, stages: { "counted/window-1": { max: 1 } } } } } };';
  const instances = ({ stdout }: Ended): unknown => (JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "{}") as { readonly instances: number }).instances;
  const args = ["--backend", "threads", "--cut", "shuffle", "--report", "json"];
  assert.equal(instances(await counted(t, args, { config })), 3);
  assert.equal(instances(await counted(t, [...args, "--instances", "2"], { config })), 2);
});
