import { spawnSync } from "node:child_process";
import { realpathSync } from "node:fs";
import * as modules from "node:module";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MillraceError } from "@millrace/core";

/** Imports a file of the user. Throws MILLRACE_USAGE, saying where, when it cannot be parsed or fails; `file` is how it is named there. */
export async function importModule(file: string, path: string): Promise<Readonly<Record<string, unknown>>> {
  const url = pathToFileURL(realpathSync(path)).href;
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const { name = "Error", message = String(error), stack = "" } = error instanceof Error ? error : {};
    const place = error instanceof SyntaxError ? syntaxPlace(stack, url) : placeIn(stack);
    const remedy = error instanceof SyntaxError && AS_COMMONJS.test(message) ? commonJsRemedy(path) : "";
    throw new MillraceError("MILLRACE_USAGE", `file ${file}`, `cannot be loaded: ${name}: ${message}${place}${remedy}`, { cause: error });
  }
}

/** What Node says of `import` and `export` in a file that it takes for CommonJS. */
const AS_COMMONJS = /Cannot use import statement outside a module|Unexpected token 'export'/;

/** What to do where package.json makes CommonJS of the project's files, as that of `npm init` does. */
function commonJsRemedy(path: string): string {
  const manifest = modules.findPackageJSON(pathToFileURL(path)) ?? "the nearest package.json";
  return `\n  Node takes the file for CommonJS. Write "type": "module" into ${relative(process.cwd(), manifest) || manifest} (npm pkg set type=module), or name the file .mts`;
}

/** The first line of the stack that lies in a file of the user. */
function placeIn(stack: string): string {
  for (const line of stack.split("\n")) {
    const [, at] = /\(?(file:\/\/[^\s)]+:\d+:\d+)\)?\s*$/.exec(line) ?? [];
    if (at !== undefined && !at.includes("/node_modules/") && !at.startsWith(new URL("..", import.meta.url).href)) return `\n  at ${shown(at)}`;
  }
  return "";
}

/** Where a file, or one that it imports, cannot be parsed: from the stack, else from what Node says as it dies of it. */
function syntaxPlace(stack: string, url: string): string {
  const told = frameOf(stack);
  if (told !== "") return told;
  // A module that cannot be parsed does not run, so asking does no harm.
  const { stderr } = spawnSync(process.execPath, ["--no-warnings", ...process.execArgv, fileURLToPath(url)], { encoding: "utf8", timeout: 10_000 });
  return frameOf(stderr ?? "");
}

/** The place and the code that a message of the parser begins with. */
function frameOf(text: string): string {
  const [place = "", ...rest] = text.split("\n");
  if (!/:\d+$/.test(place)) return "";
  const end = rest.findIndex((line) => line.trim() === "" || /^\w*Error\b/.test(line));
  return [`\n  at ${shown(place)}`, ...rest.slice(0, Math.max(0, end)).map((line) => `  ${line}`)].join("\n");
}

function shown(place: string): string {
  const [, url, line] = /^(.*?)((?::\d+)+)$/.exec(place) ?? [];
  const path = url !== undefined && url.startsWith("file:") ? fileURLToPath(url) : (url ?? place);
  return `${relative(process.cwd(), path) || path}${line ?? ""}`;
}
