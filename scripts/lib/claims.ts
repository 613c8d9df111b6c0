import { existsSync, globSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { anchorsOf, parseMarkdown } from "./markdown.ts";

/** The top-level folders by which a word in a code span or a command is known to be a path. */
const PATH_START = /^(?:packages|examples|bench|e2e|scripts|docs|\.ci)\//;
const ROOT_FILE = /^(?:[A-Z]+\.md|LICENSE|architecture\.json|package(?:-lock)?\.json|tsconfig(?:\.base)?\.json|\.oxlintrc\.json|\.npmrc)$/;
const BUILT_IN_SCRIPTS = ["ci", "init", "pkg", "install", "pack", "publish", "exec", "view", "config", "ls", "outdated", "audit", "help"];

/** Judges what a document says about the repository: paths, npm scripts, commands, names in capitals. */
export class Claims {
  readonly #root: string;
  readonly #scripts: ReadonlySet<string>;
  readonly #commands: ReadonlySet<string> | undefined;
  readonly #capitals: ReadonlySet<string>;

  constructor(root: string) {
    this.#root = root;
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
    this.#scripts = new Set(Object.keys(manifest.scripts));
    const commands = join(root, "packages/cli/src/commands");
    this.#commands = existsSync(commands) ? new Set(readdirSync(commands).map((file) => basename(file, ".ts"))) : undefined;
    this.#capitals = new Set(
      globSync(["packages/*/src/**/*.ts", "e2e/**/*.ts", "scripts/**/*.ts", "examples/**/*.ts", "bench/**/*.ts"], { cwd: root, exclude: (path) => path === "node_modules" || path === "peers" })
        .flatMap((file) => readFileSync(join(root, file), "utf8").match(/\bMILLRACE_[A-Z_]+\b/g) ?? []),
    );
  }

  /** What is wrong with a code span: it may be a path, a command, or a name in capitals. */
  ofSpan(span: string): string[] {
    if (/^(?:npm|npx|millrace) /.test(span)) return this.ofCommand(span);
    if (/^MILLRACE_[A-Z_]+$/.test(span)) return this.#capitals.has(span) ? [] : [`${span} occurs in no source file`];
    return /\s/.test(span) ? [] : this.#ofPath(span);
  }

  /** What is wrong with one command line: its npm script, its millrace command, the paths it names. */
  ofCommand(line: string): string[] {
    const words = line.trim().replace(/^\$ /, "").split(/\s+/);
    const problems = words.flatMap((word) => this.#ofPath(word.replace(/^[A-Za-z]+=/, "")));
    for (const [index, word] of words.entries()) {
      const next = words[index + 1]?.replace(/[;,]$/, "");
      if (next === undefined || next.startsWith("-")) continue;
      if (word === "npm") problems.push(...this.#ofScript(next === "run" ? (words[index + 2] ?? "") : next, next === "run"));
      const isCommand = word === "millrace" && (index === 0 || ["npx", "--no-install", "&&"].includes(words[index - 1] ?? ""));
      if (isCommand && /^[a-z]/.test(next) && this.#commands?.has(next) === false) problems.push(`millrace has no command "${next}"`);
    }
    return problems;
  }

  /** What is wrong with a link's target, relative to the document it is in. */
  ofLink(document: string, target: string): string[] {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = "", anchor] = target.split("#", 2);
    const file = path === "" ? join(this.#root, document) : join(this.#root, dirname(document), path);
    if (!existsSync(file)) return [`${path} does not exist`];
    if (anchor === undefined || !file.endsWith(".md")) return [];
    return anchorsOf(parseMarkdown(readFileSync(file, "utf8")).lines).has(anchor) ? [] : [`${path === "" ? document : path} has no heading "#${anchor}"`];
  }

  #ofScript(name: string, explicit: boolean): string[] {
    const script = name.replace(/[^\w:.-].*$/, "");
    if (this.#scripts.has(script) || (!explicit && BUILT_IN_SCRIPTS.includes(script)) || script === "") return [];
    return [`package.json has no script "${script}"`];
  }

  /** NAME, FILE, DIR, NNNN and `<anything>` are placeholders; they and globs must match something. */
  #ofPath(word: string): string[] {
    const path = word.replace(/:\d+$/, "").replace(/#.*$/, "").replace(/[,;.]$/, "");
    if (!PATH_START.test(path) && !ROOT_FILE.test(path)) return [];
    const pattern = path.replace(/<[^>]*>|\b(?:NNNN|NAME|DIR|FILE)\b/g, "*");
    const exists = pattern.includes("*") ? globSync(pattern, { cwd: this.#root }).length > 0 : existsSync(join(this.#root, pattern));
    return exists ? [] : [`${path} does not exist`];
  }
}
