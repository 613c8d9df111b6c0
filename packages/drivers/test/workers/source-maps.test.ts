import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import type { Topic, Workflow } from "@millrace/core";
import { createMemoryLedger, Runtime, systemClock } from "@millrace/core/internal";
import { workerHost } from "@millrace/drivers/workers";

const SOURCE = `import { topic, workflow } from "CORE";

interface Word {
  readonly text: string;
}

enum Kind { Bad = "bad" }

export const words = topic<Word>("words");

export const strict = workflow("strict", (flow) => {
  flow.from(words).map(refuse).to(topic<Word>("kept"));
});

function refuse(word: Word): Word {
  if (word.text === Kind.Bad) throw new Error("a bad word");
  return word;
}
`;
const LINE = SOURCE.split("\n").findIndex((line) => line.includes("throw new Error")) + 1;

interface Compiled {
  readonly url: string;
  readonly words: Topic<unknown>;
  readonly strict: Workflow;
}

/** A module as a compiler leaves it: JavaScript with fewer lines, its map beside it, its source gone. */
async function compiled(t: TestContext): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-maps-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const source = SOURCE.replace("CORE", import.meta.resolve("@millrace/core"));
  const [code, map] = stripTypeScriptTypes(source, { mode: "transform", sourceMap: true, sourceUrl: "strict.ts" }).split("\n//# sourceMappingURL=data:application/json;base64,");
  writeFileSync(join(folder, "strict.js.map"), Buffer.from(map, "base64"));
  writeFileSync(join(folder, "strict.js"), `${code}\n//# sourceMappingURL=strict.js.map\n`);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const url = pathToFileURL(join(folder, "strict.js")).href;
  return { url, ...((await import(url)) as Omit<Compiled, "url">) };
}

async function stackOfDeadLetter({ url, words, strict }: Compiled): Promise<string> {
  const ledger = createMemoryLedger();
  const runtime = await Runtime.start({ workflows: [strict], ledger, clock: systemClock(), instances: 1, host: workerHost({ modules: [{ url, exports: ["strict"] }] }) });
  try {
    await runtime.append(words, [{ text: "good" }, { text: "bad" }]);
    for (let tries = 0; tries < 2000; tries++) {
      for await (const { value } of runtime.read("words.dead")) return (value as { readonly stack: string }).stack;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error("waited too long for the dead letter");
  } finally {
    await runtime.stop();
  }
}

test("where source maps are enabled, stacks of a compiled workflow in a worker name its source and line", { timeout: 60_000 }, async (t) => {
  const enabled = process.sourceMapsEnabled;
  process.setSourceMapsEnabled(true);
  t.after(() => process.setSourceMapsEnabled(enabled));
  assert.match(await stackOfDeadLetter(await compiled(t)), new RegExp(`refuse \\(.*strict\\.ts:${LINE}:\\d+\\)`));
});

test("where they are not, stacks name the compiled file", { timeout: 60_000 }, async (t) => {
  const enabled = process.sourceMapsEnabled;
  process.setSourceMapsEnabled(false);
  t.after(() => process.setSourceMapsEnabled(enabled));
  assert.match(await stackOfDeadLetter(await compiled(t)), /refuse \(.*strict\.js:\d+:\d+\)/);
});
