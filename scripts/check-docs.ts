/**
 * Checks that what the documents say about the repository is so: every path in a code span, command
 * or link exists, every npm script and `millrace` command exists, every MILLRACE_ name occurs in a
 * source, and the TypeScript blocks type-check against the sources (not those of docs/decisions).
 *
 * Above a block, `<!-- file: model.ts -->` names it, so that the document's other blocks can import
 * "./model.ts"; `<!-- unchecked: REASON -->` leaves it out. A path begins with a top-level folder;
 * in it `<name>`, NAME, FILE, DIR or NNNN stands for anything that is there. Tables that architecture.json generates are skipped.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Claims } from "./lib/claims.ts";
import { parseMarkdown, type Block, type Line } from "./lib/markdown.ts";
import { nodePath, repositoryRoot } from "./lib/repository.ts";

const SHELLS = ["sh", "bash", "shell", "console"];
const claims = new Claims(repositoryRoot);
const problems: string[] = [];
const extracted = new Map<string, string>();
const folder = join(repositoryRoot, ".docs-check");
const documents = globSync(["*.md", "docs/**/*.md", "examples/*/README.md", "packages/*/README.md"], { cwd: repositoryRoot }).toSorted();

rmSync(folder, { recursive: true, force: true });
for (const document of documents) checkDocument(document);
if (extracted.size > 0) typeCheck();

for (const problem of problems) console.error(problem);
console.log(`docs: ${documents.length} documents, ${extracted.size} TypeScript blocks, ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function checkDocument(document: string): void {
  const { blocks, lines } = parseMarkdown(readFileSync(join(repositoryRoot, document), "utf8"));
  for (const { text, line } of withoutTables(lines)) {
    for (const [, span = ""] of text.matchAll(/`([^`]+)`/g)) report(document, line, claims.ofSpan(span));
    const prose = text.replace(/`[^`]*`/g, "");
    for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)) report(document, line, claims.ofLink(document, target));
  }
  for (const block of blocks) {
    if (SHELLS.includes(block.language)) {
      for (const [index, command] of block.text.split("\n").entries()) report(document, block.line + index, claims.ofCommand(command));
    }
    if (block.language === "ts" && !document.startsWith("docs/decisions/") && !block.label.startsWith("unchecked:")) extract(document, block);
  }
}

function withoutTables(lines: readonly Line[]): Line[] {
  let inside = false;
  return lines.filter(({ text }) => {
    if (text.startsWith("<!-- table: ")) inside = true;
    if (text.startsWith("<!-- /table")) inside = false;
    return !inside;
  });
}

function report(document: string, line: number, complaints: readonly string[]): void {
  for (const complaint of complaints) problems.push(`${document}:${line}: ${complaint}`);
}

/** Writes a block so that its lines have the numbers that they have in the document. */
function extract(document: string, block: Block): void {
  const name = /^(?:file|example): .*?([\w-]+\.ts)$/.exec(block.label)?.[1] ?? `line-${block.line}.ts`;
  const path = join(document.replace(/\.md$/, ""), name);
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `${"\n".repeat(block.line - 1)}${block.text}\nexport {};\n`);
  extracted.set(path.replaceAll("\\", "/"), document);
}

function typeCheck(): void {
  const options = { extends: "../tsconfig.json", compilerOptions: { noUnusedLocals: false, noUnusedParameters: false }, include: [], files: [...extracted.keys()] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  const compiler = join(repositoryRoot, "node_modules/typescript/bin/tsc");
  const run = spawnSync(nodePath, [compiler, "-p", folder, "--pretty", "false"], { cwd: folder, encoding: "utf8" });
  if (run.error !== undefined) throw run.error;
  const before = problems.length;
  for (const text of run.stdout.split("\n")) {
    const found = /^(.+?)\((\d+),\d+\): (?:error )?(.*)$/.exec(text);
    const document = extracted.get(found?.[1] ?? "");
    if (found !== null && document !== undefined) problems.push(`${document}:${found[2]}: ${found[3]}`);
  }
  if (run.status !== 0 && problems.length === before) problems.push(`the sources do not type-check, so the documents' code cannot be judged:\n${run.stdout}`);
}
