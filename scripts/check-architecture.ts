/**
 * Checks every import in the repository, of types too, against architecture.json, and that no file
 * is over its limit of lines. The tables of ARCHITECTURE.md are checked against the same file;
 * --write brings them up to date. `--root DIR` checks another tree.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Judge, packageNameOf, type Row } from "./lib/architecture.ts";
import { importsOf } from "./lib/imports.ts";
import { repositoryRoot } from "./lib/repository.ts";

const rootFlag = process.argv.indexOf("--root");
const root = rootFlag === -1 ? repositoryRoot : process.argv[rootFlag + 1];
const judge = new Judge(root);
const problems: string[] = judge.tableErrors().map((error) => `architecture.json: ${error}`);
const files = sourceFiles();
const importedBy = new Map<string, Set<string>>();

for (const file of files) checkFile(file);
problems.push(...judge.unusedDependencies((path) => importedBy.get(path) ?? new Set()));
checkRowsExist();
checkDocument(process.argv.includes("--write"));

for (const problem of problems) console.error(problem);
console.log(`architecture: ${files.length} files, ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function checkFile(file: string): void {
  const source = readFileSync(join(root, file), "utf8");
  const lines = source.split("\n").length - 1;
  const { maxLines } = judge.architecture;
  if (lines > maxLines) problems.push(`${file}:${maxLines + 1}: has ${lines} lines, the ceiling is ${maxLines}. Split it by what changes together.`);
  for (const { specifier, line } of importsOf(file, source)) {
    const complaint = judge.judge(file, specifier);
    const [, owner] = /^(packages\/[^/]+)\/src\//.exec(file) ?? [];
    if (owner !== undefined) importedBy.set(owner, (importedBy.get(owner) ?? new Set()).add(packageNameOf(specifier)));
    if (complaint !== undefined) problems.push(`${file}:${line}: imports "${specifier}": ${complaint}`);
  }
}

function checkRowsExist(): void {
  const rows = [
    ...judge.architecture.packages.map(({ path }) => path),
    ...judge.architecture.folders.flatMap(({ inside, rows: inner }) => inner.map(({ path }) => `${inside}/${path}`)),
  ];
  for (const path of rows) {
    if (!path.endsWith("/*") && !existsSync(join(root, path))) problems.push(`architecture.json: ${path} does not exist. Remove its row, or add it.`);
  }
}

function checkDocument(write: boolean): void {
  const path = join(root, "ARCHITECTURE.md");
  if (!existsSync(path)) return;
  let text = readFileSync(path, "utf8");
  const tables = [{ inside: "packages", rows: judge.architecture.packages }, ...judge.architecture.folders];
  for (const { inside, rows } of tables) {
    const start = `<!-- table: ${inside} -->`;
    const end = "<!-- /table -->";
    const from = text.indexOf(start);
    const to = text.indexOf(end, from);
    if (from === -1 || to === -1) {
      problems.push(`ARCHITECTURE.md: lacks "${start}" … "${end}". Add the two lines, then run: npm run lint:tables`);
      continue;
    }
    text = `${text.slice(0, from)}${start}\n${tableOf(rows)}\n${text.slice(to)}`;
  }
  if (text === readFileSync(path, "utf8")) return;
  if (write) writeFileSync(path, text);
  else problems.push("ARCHITECTURE.md: a table differs from architecture.json. Run: npm run lint:tables");
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ path, imports, holds, publicOnly, sources }) => {
    const names = imports.length === 0 ? "nothing" : imports.map((name) => `\`${name}\``).join(" ");
    const may = `${names}${publicOnly === true ? ", public exports only" : ""}${sources === true ? ", by file" : ""}`;
    return `| \`${path}\` | ${holds} | ${may} |`;
  });
  return ["| where | what it holds | may import |", "|---|---|---|", ...lines].join("\n");
}

function sourceFiles(): string[] {
  const patterns = judge.architecture.packages.map(({ path }) => `${path}/**/*.{ts,tsx,mts,js,mjs}`);
  const skipped = new Set(["node_modules", "dist", "peers"]);
  return globSync(patterns, { cwd: root, exclude: (path) => path.split(/[/\\]/).some((part) => skipped.has(part)) })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !path.endsWith(".d.ts"))
    .toSorted();
}
