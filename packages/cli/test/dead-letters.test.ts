import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start, topic, workflow } from "millrace";
import { withDataFolder } from "../src/app/data-folder.ts";
import { deadLettersOf, replayDeadLetters } from "../src/app/dead-letters.ts";

const words = topic<{ word: string }>("words");
const lengths = topic<{ word: string; length: number }>("lengths");

test("dead letters are replayed once; what still fails becomes a dead letter again", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "millrace-cli-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  let broken = true;
  const measure = workflow("measure", (flow) =>
    flow
      .from(words)
      .map(({ word }) => {
        if (word === "never" || (broken && word.startsWith("b"))) throw new Error(`no ${word}`);
        return { word, length: word.length };
      })
      .to(lengths),
  );
  const wordsOf = async (): Promise<string[]> => {
    await using app = await start(measure, { data });
    for (let waited = 0; waited < 200; waited++) await new Promise((resolve) => setImmediate(resolve));
    const all: string[] = [];
    for await (const { word } of app.topic(lengths).read()) all.push(word);
    return all;
  };
  const first = await start(measure, { data });
  await first.topic(words).append([{ word: "a" }, { word: "bee" }, { word: "never" }, { word: "bold" }]);
  await first.stop();
  assert.deepEqual(await wordsOf(), ["a"]);

  broken = false;
  const replay = () => withDataFolder(data, (folder) => replayDeadLetters(folder, words));
  assert.deepEqual(await replay(), { replayed: 3, before: 0, unknown: [], refused: [] });
  assert.deepEqual(await replay(), { replayed: 0, before: 3, unknown: [], refused: [] });
  assert.deepEqual(await wordsOf(), ["a", "bee", "bold"]);
  const letters: unknown[] = [];
  await withDataFolder(data, async (folder) => {
    for await (const { number, replayed, letter } of deadLettersOf(folder, "words")) letters.push([number, replayed, letter.reason]);
  });
  assert.deepEqual(letters, [
    [0, true, "no bee"],
    [1, true, "no never"],
    [2, true, "no bold"],
    [3, false, "no never"],
  ]);
  assert.deepEqual(await replay(), { replayed: 1, before: 3, unknown: [], refused: [] });
});

test("a raw row that is no JSON, or not of the schema, is not replayed", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "millrace-cli-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const file = join(data, "words.ndjson");
  writeFileSync(file, '{"word":"a"}\nnot json\n');
  const copy = workflow("copy", (flow) => flow.from(words).to(topic<{ word: string }>("copied")));
  const folder = join(data, "store");
  const app = await start(copy, { data: folder, inputs: { words: file } });
  await app.finished;
  await app.stop();
  const { replayed, refused } = await withDataFolder(folder, (open) => replayDeadLetters(open, words));
  assert.equal(replayed, 0);
  assert.equal(refused[0]?.number, 0);
  assert.match(refused[0]?.reason ?? "", /is no JSON/);
});

test("letters are replayed by number; those that are not there are told", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "millrace-cli-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const refuse = workflow("refuse", (flow) =>
    flow
      .from(words)
      .map(({ word }): { word: string; length: number } => {
        throw new Error(`no ${word}`);
      })
      .to(lengths),
  );
  const app = await start(refuse, { data });
  await app.topic(words).append([{ word: "a" }, { word: "b" }, { word: "c" }]);
  for (let waited = 0; waited < 200; waited++) await new Promise((resolve) => setImmediate(resolve));
  await app.stop();
  const replay = (...numbers: number[]) => withDataFolder(data, (folder) => replayDeadLetters(folder, words, new Set(numbers)));
  assert.deepEqual(await replay(1, 7), { replayed: 1, before: 0, unknown: [7], refused: [] });
  assert.deepEqual(await replay(0, 1), { replayed: 1, before: 1, unknown: [], refused: [] });
});
