/**
 * Writes the references in docs from what is in the sources: docs/api.md from the declarations and doc
 * comments of all that `millrace` and `millrace/testing` export, docs/command.md from the command's help.
 * With --check it writes nothing, and fails where a file is not what it would write.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Declarations, type Declared } from "./lib/declarations.ts";
import { nodePath, repositoryRoot } from "./lib/repository.ts";

/** The parts of the reference: what is declared in files that begin so. The first that fits counts. */
const PARTS: readonly (readonly [title: string, files: readonly string[]])[] = [
  ["Running", ["packages/cli/src/start", "packages/cli/src/app/", "packages/core/src/engine/collections/", "packages/core/src/engine/plan.ts", "packages/core/src/contracts/clock.ts"]],
  ["Workflows and streams", ["packages/core/src/streams/workflow.ts", "packages/core/src/streams/stream.ts", "packages/core/src/streams/", "packages/core/src/graph/graph.ts"]],
  ["Topics and collections", ["packages/core/src/graph/refs.ts", "packages/core/src/codec/"]],
  ["Windows", ["packages/core/src/graph/window.ts"]],
  ["Aggregates", ["packages/core/src/graph/aggregate.ts", "packages/core/src/operators/aggregates/"]],
  ["Processes, state, timers", ["packages/core/src/graph/process.ts", "packages/core/src/graph/state.ts", "packages/core/src/graph/version.ts"]],
  ["Calls to the outside", ["packages/core/src/operators/map-async/", "packages/core/src/contracts/sink.ts"]],
  ["Files, buckets, generators, sources", ["packages/drivers/src/files/", "packages/core/src/engine/generator.ts", "packages/core/src/contracts/source.ts", "packages/core/src/contracts/bucket.ts", "packages/core/src/contracts/batch.ts", "packages/core/src/contracts/columns.ts"]],
  ["Measurements", ["packages/core/src/engine/metrics/"]],
  ["Configuration", ["packages/cli/src/config.ts"]],
  ["Testing", ["packages/core/src/testing/"]],
  ["Everything else", [""]],
];

const check = process.argv.includes("--check");
const declarations = new Declarations(repositoryRoot);
const problems: string[] = [];
const helps = new Map<string, string>();
keep("docs/api.md", apiPage());
keep("docs/command.md", commandPage());
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

function keep(file: string, text: string): void {
  const path = join(repositoryRoot, file);
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (before === text) return;
  if (check) problems.push(`${file}: is not what the sources say. Run: npm run docs`);
  else writeFileSync(path, text);
}

function apiPage(): string {
  const main = declarations.exportsOf("packages/cli/src/index.ts");
  const testing = declarations.exportsOf("packages/cli/src/testing.ts");
  const lines = [
    "# API reference",
    "",
    "<!-- Written by npm run docs from the doc comments of the sources; changes belong there. -->",
    "",
    "All that `millrace` exports, and under [Testing](#testing) what `millrace/testing` does. The [guide](guide.md) shows how it is used, [the command's reference](command.md) what `millrace` does on a command line.",
    "",
  ];
  const parts = new Map<string, Declared[]>(PARTS.map(([title]) => [title, []]));
  for (const one of [...main, ...testing]) parts.get(partOf(one))?.push(one);
  const titles = new Map<Declared, string>();
  for (const one of [...parts.values()].flat()) titles.set(one, titleOf(one, [...titles.values(), ...parts.keys()]));
  const filled = [...parts].filter(([, names]) => names.length > 0);
  for (const [title, names] of filled) lines.push(`- [${title}](#${anchor(title)}): ${names.map((one) => `[${one.name}](#${anchor(titles.get(one) ?? "")})`).join(", ")}`);
  for (const [title, names] of filled) {
    lines.push("", `## ${title}`);
    for (const one of names) lines.push("", `### ${titles.get(one)}`, ...entry(one));
  }
  return `${lines.join("\n")}\n`;
}

function entry({ doc, text, file }: Declared): string[] {
  return ["", ...(doc === "" ? [] : [doc, ""]), "```typescript", text, "```", "", `<sub>[${file}](../${file})</sub>`];
}

/** Names that differ in capitals alone would have one anchor. */
function titleOf({ name, kind }: Declared, before: readonly string[]): string {
  return before.some((title) => title.toLowerCase() === name.toLowerCase()) ? `${name} (${kind})` : name;
}

function partOf({ file }: Declared): string {
  return PARTS.find(([, files]) => files.some((start) => file.startsWith(start)))?.[0] ?? "Everything else";
}

function anchor(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}

function commandPage(): string {
  const lines = [
    "# The command",
    "",
    "<!-- Written by npm run docs from the command's own help; changes belong there. -->",
    "",
    "What `millrace COMMAND --help` says. Exit codes: 0 done, 1 failed, 2 wrong usage.",
  ];
  for (const path of [[], ...subcommands([])]) lines.push("", `## ${["millrace", ...path].join(" ")}`, "", "```text", help(path), "```");
  return `${lines.join("\n")}\n`;
}

/** The commands under one, each followed by its own. */
function subcommands(path: readonly string[]): string[][] {
  const [, listed = ""] = /\nCommands:\n([^]*?)(?:\n\n|$)/.exec(help(path)) ?? [];
  const names = listed.split("\n").map((line) => /^ {2}([a-z][\w-]*)/.exec(line)?.[1]).filter((name) => name !== undefined && name !== "help");
  return names.flatMap((name) => {
    const own = [...path, name ?? ""];
    return [own, ...subcommands(own)];
  });
}

function help(path: readonly string[]): string {
  const known = helps.get(path.join(" "));
  if (known !== undefined) return known;
  const bin = join(repositoryRoot, "packages/cli/bin/millrace.js");
  const { status, stdout, stderr } = spawnSync(nodePath, ["--conditions=millrace-source", bin, ...path, "--help"], { encoding: "utf8", env: { ...process.env, COLUMNS: "120", NO_COLOR: "1" } });
  if (status !== 0) throw new Error(`millrace ${path.join(" ")} --help failed: ${stderr}`);
  helps.set(path.join(" "), stdout.trim());
  return stdout.trim();
}
