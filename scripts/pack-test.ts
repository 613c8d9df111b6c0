/**
 * Proves that what is published works where this repository is not: packs the packages, checks the
 * tarballs with publint, installs them into an empty project outside the clone, type-checks the
 * README's first workflow there with the oldest compiler that the README names, without Node's types
 * and without skipLibCheck, then with our own compiler and Node's types, and runs it. Plain JavaScript
 * runs it too, as module and by require; an older Node on the PATH, if there is one, says what it needs.
 *
 * In README.md, `<!-- example: first-workflow FILE -->` above a block writes the block to FILE in
 * that project; `<!-- example: first-workflow run -->` above a shell block has its lines run there
 * (without one: `npx millrace run` with the first .ts file). `--keep` leaves the project behind.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { parseMarkdown, type Block } from "./lib/markdown.ts";
import { nodePath, repositoryRoot } from "./lib/repository.ts";

const LABEL = "example: first-workflow ";
const root = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as {
  workspaces: string[];
  devDependencies: Record<string, string>;
};
const scratch = mkdtempSync(join(realpathSync(tmpdir()), "millrace-pack-"));
const project = join(scratch, "project");

try {
  run("npm", ["run", "--silent", "build"], repositoryRoot);
  const tarballs = pack();
  for (const [index, folder] of root.workspaces.entries()) await checkTarball(folder, tarballs[index]);
  install(tarballs);
  const blocks = firstWorkflow();
  const files = writeWorkflow(blocks);
  const [workflow] = files.filter((file) => file.endsWith(".ts"));
  if (workflow === undefined) {
    importEverything();
    console.log("\nNOT RUN: README.md has no block marked `<!-- example: first-workflow FILE.ts -->` yet. Only the packages' entry points were checked.");
  } else {
    typeCheckPlain(workflow);
    typeCheck();
    runPlain(workflow);
    refuseOldNode();
    for (const line of runLines(blocks, workflow)) {
      console.log(`$ ${line}`);
      run("sh", ["-c", line], project, { timeout: 60_000, echo: true });
    }
  }
  console.log(`pack-test: ${tarballs.length} packages packed, installed${workflow === undefined ? " and imported" : `, ${workflow} type-checked and run`}.`);
} finally {
  if (process.argv.includes("--keep")) console.log(`kept: ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
}

function pack(): string[] {
  const folders = root.workspaces.map((folder) => `./${folder}`);
  const listed = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", scratch, ...folders], repositoryRoot)) as unknown;
  const entries = (Array.isArray(listed) ? listed : Object.values(listed as object)) as { filename: string; size: number; unpackedSize: number; entryCount: number }[];
  for (const { filename, size, unpackedSize, entryCount } of entries) {
    console.log(`packed ${filename}: ${kilobytes(size)} (${kilobytes(unpackedSize)} unpacked, ${entryCount} files)`);
  }
  return entries.map(({ filename }) => join(scratch, filename));
}

async function checkTarball(folder: string, tarball: string | undefined): Promise<void> {
  if (tarball === undefined) throw new Error(`${folder} was not packed`);
  const bytes = readFileSync(tarball);
  const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) }, strict: true });
  const said = messages.map((message) => `${folder}: ${message.type}: ${formatMessage(message, pkg) ?? message.code}`);
  for (const line of said) console.error(line);
  if (!existsSync(join(repositoryRoot, folder, "README.md"))) throw new Error(`${folder} has no README.md; its page in a registry would be empty.`);
  if (messages.some(({ type }) => type !== "suggestion")) throw new Error(`publint refuses ${folder}; see above.`);
}

function install(tarballs: readonly string[]): void {
  mkdirSync(project);
  const typescript = `typescript@${root.devDependencies["typescript"]}`;
  const types = `@types/node@${root.devDependencies["@types/node"]}`;
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty-project", private: true, type: "module" }));
  const compilerOptions = { target: "es2024", module: "nodenext", strict: true, noEmit: true, skipLibCheck: false, allowImportingTsExtensions: true, types: ["node"] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", typescript, types, `oldest-typescript@npm:typescript@${oldestTypeScript()}`, ...tarballs], project);
}

function firstWorkflow(): Block[] {
  const readme = join(repositoryRoot, "README.md");
  if (!existsSync(readme)) return [];
  return parseMarkdown(readFileSync(readme, "utf8")).blocks.filter(({ label }) => label.startsWith(LABEL));
}

function writeWorkflow(blocks: readonly Block[]): string[] {
  return blocks
    .filter(({ label }) => label !== `${LABEL}run`)
    .map(({ label, text }) => {
      const file = label.slice(LABEL.length);
      writeFileSync(join(project, file), `${text}\n`);
      return file;
    });
}

function runLines(blocks: readonly Block[], workflow: string): string[] {
  const scripted = blocks.filter(({ label }) => label === `${LABEL}run`).flatMap(({ text }) => text.split("\n"));
  const lines = scripted.map((line) => line.replace(/^\$ /, "")).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return lines.length > 0 ? lines : [`npx --no-install millrace run ${workflow}`];
}

/** Without a workflow to run: every entry point of every package loads and type-checks. */
function importEverything(): void {
  const names = root.workspaces.flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(join(repositoryRoot, folder, "package.json"), "utf8")) as { name: string; exports: object };
    return Object.keys(exports).map((subpath) => (subpath === "." ? name : `${name}${subpath.slice(1)}`));
  });
  writeFileSync(join(project, "imports.ts"), `${names.map((name) => `await import("${name}");`).join("\n")}\nexport {};\n`);
  typeCheck();
  run("node", ["imports.ts"], project);
}

/** The README says which TypeScript is the oldest that works: it is held to that. */
function oldestTypeScript(): string {
  const [, version] = /TypeScript (\d+\.\d+) or newer/.exec(readFileSync(join(repositoryRoot, "README.md"), "utf8")) ?? [];
  if (version === undefined) throw new Error("README.md does not say `TypeScript X.Y or newer`; say which is the oldest that works.");
  return `~${version}.0`;
}

/** A project as people have it: no types of Node, and every declaration that it reads is checked. */
function typeCheckPlain(workflow: string): void {
  const library = ["millrace", "millrace/testing"].map((name, i) => `import * as entry${i} from "${name}";\nvoid entry${i};\n`).join("");
  writeFileSync(join(project, "entries.ts"), library);
  const compilerOptions = { target: "es2022", lib: ["es2022"], module: "nodenext", strict: true, noEmit: true, skipLibCheck: false, allowImportingTsExtensions: true, types: [] };
  writeFileSync(join(project, "tsconfig.plain.json"), JSON.stringify({ compilerOptions, files: [workflow, "entries.ts"] }));
  const started = performance.now();
  run("node", [join(project, "node_modules/oldest-typescript/bin/tsc"), "-p", "tsconfig.plain.json"], project);
  console.log(`type-checked by TypeScript ${oldestTypeScript()}, without Node's types, in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** The same workflow in JavaScript; a CommonJS program requires the package. */
function runPlain(workflow: string): void {
  run("npx", ["--no-install", "tsc", "--noEmit", "false", "--allowImportingTsExtensions", "false", "--outDir", "plain"], project);
  const plain = join("plain", workflow.replace(/\.ts$/, ".js"));
  const row = JSON.stringify({ road: "Ring Road", speed: 57.5, at: "2024-05-06T08:01:00Z" });
  const said = run("sh", ["-c", `echo '${row}' | npx --no-install millrace run ${plain} --in readings=-`], project);
  if (!said.includes("57.5")) throw new Error(`${plain} was run and gave: ${said}`);
  writeFileSync(join(project, "required.cjs"), 'const { workflow } = require("millrace");\nif (typeof workflow !== "function") throw new Error("required, but empty");\n');
  run("node", ["required.cjs"], project);
}

/** What an old Node says where it imports the library: what is needed, and not that some export is missing. */
function refuseOldNode(): void {
  const old = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node")).find((path) => existsSync(path) && olderThan24(path));
  if (old === undefined) {
    console.log("NOT TRIED: an older Node, which the PATH does not have.");
    return;
  }
  for (const entry of ["millrace", "millrace/testing"]) {
    const { status, stderr } = spawnSync(old, ["--input-type=module", "--eval", `import "${entry}";`], { cwd: project, encoding: "utf8" });
    if (status === 0 || !stderr.includes("millrace needs Node 24 or newer")) throw new Error(`${old} imports ${entry} and says:\n${stderr}`);
  }
  console.log(`${old} is told that it is too old`);
}

function olderThan24(node: string): boolean {
  const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  return Number.parseInt(stdout?.slice(1) ?? "24", 10) < 24;
}

function typeCheck(): void {
  run("npx", ["--no-install", "tsc"], project);
}

function run(command: string, args: readonly string[], cwd: string, options: { timeout?: number; echo?: boolean } = {}): string {
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${dirname(nodePath)}${delimiter}${process.env["PATH"] ?? ""}` };
  for (const name of Object.keys(env)) if (name.startsWith("npm_")) delete env[name];
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: options.timeout ?? 300_000, maxBuffer: 64 * 1024 * 1024 });
  if (options.echo === true) process.stdout.write(stdout);
  if (error !== undefined) throw new Error(`${command} ${args.join(" ")}: ${error.message}\n${stderr}`, { cause: error });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status} in ${cwd}:\n${stdout}${stderr}`);
  return stdout;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
