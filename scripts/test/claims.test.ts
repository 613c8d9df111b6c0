import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { Claims } from "../lib/claims.ts";
import { parseMarkdown } from "../lib/markdown.ts";

const tree = mkdtempSync(join(tmpdir(), "millrace-claims-"));
after(() => rmSync(tree, { recursive: true, force: true }));
for (const [path, text] of [
  ["package.json", '{ "scripts": { "test": "x", "lint:fix": "x" } }'],
  ["README.md", "# One `two`, three\n"],
  ["docs/decisions/0001-tooling.md", ""],
  ["packages/core/src/errors.ts", "MILLRACE_USAGE"],
  ["packages/core/test/codec/key.test.ts", ""],
  ["packages/cli/src/commands/run.ts", ""],
] as const) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}
const claims = new Claims(tree);

test("what exists is accepted, placeholders and words that are no paths too", () => {
  const spans = ["packages/core/src/errors.ts", "packages/core/src/errors.ts:12", "packages/*/src", "packages/<name>/test/<folder>/<name>.test.ts"];
  const commands = ["npm test", "npm ci && npm test", "npm run lint:fix", "npx millrace run packages/core/src/errors.ts", "millrace --help", "npm test -- packages/core/test/codec"];
  const names = ["MILLRACE_USAGE", "README.md", "a/b", "{ a: 1 }", "node_modules/x", "docs/decisions/NNNN-NAME.md"];
  for (const span of [...spans, ...commands, ...names]) assert.deepEqual(claims.ofSpan(span), [], span);
  for (const link of ["README.md#one-two-three", "docs/decisions", "https://example.org/x"]) assert.deepEqual(claims.ofLink("README.md", link), [], link);
  assert.deepEqual(claims.ofLink("docs/decisions/0001-tooling.md", "../../README.md"), []);
});

test("what does not exist is named", () => {
  const wrong = {
    "packages/core/src/nothing.ts": "packages/core/src/nothing.ts does not exist",
    "e2e/none/*.ts": "e2e/none/*.ts does not exist",
    "SECURITY.md": "SECURITY.md does not exist",
    "npm start": 'package.json has no script "start"',
    "npm run lint:fixx": 'package.json has no script "lint:fixx"',
    "npx millrace fly file.ts": 'millrace has no command "fly"',
    "millrace run examples/none.ts": "examples/none.ts does not exist",
    MILLRACE_NOTHING: "MILLRACE_NOTHING occurs in no source file",
  };
  for (const [span, complaint] of Object.entries(wrong)) assert.deepEqual(claims.ofSpan(span), [complaint], span);
  assert.deepEqual(claims.ofLink("README.md", "docs/none.md"), ["docs/none.md does not exist"]);
  assert.deepEqual(claims.ofLink("README.md", "#four"), ['README.md has no heading "#four"']);
});

test("a block knows its language, its line and the comment above it, and hides what looks like a claim", () => {
  const { blocks, lines } = parseMarkdown("text\n\n<!-- file: model.ts -->\n\n```ts\nconst a = `packages/none`;\n```\nmore\n```\nplain\n```\n");
  assert.deepEqual(blocks, [
    { language: "ts", text: "const a = `packages/none`;", line: 6, label: "file: model.ts" },
    { language: "", text: "plain", line: 10, label: "" },
  ]);
  assert.ok(!lines.some(({ text }) => text.includes("packages/none")));
});
