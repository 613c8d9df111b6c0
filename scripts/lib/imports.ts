import { parseSync, Visitor } from "oxc-parser";

export interface ImportSite {
  /** What is written between the quotes. */
  readonly specifier: string;
  /** Line, from 1. */
  readonly line: number;
}

/**
 * Every module that a file names: imports and re-exports (of types too), `import("x")` as expression
 * and as type, `import.meta.resolve("x")`, and `new URL("./x", import.meta.url)`, by which workers
 * are started. A specifier that is computed cannot be seen. Throws where the file does not parse.
 */
export function importsOf(fileName: string, source: string): ImportSite[] {
  const parsed = parseSync(fileName, source, { sourceType: "module" });
  const [failure] = parsed.errors;
  if (failure !== undefined) throw new Error(`${fileName} does not parse: ${failure.message}`);

  const found: { specifier: string; start: number }[] = [];
  const add = (node: { type: string; value?: unknown; start: number } | undefined): void => {
    if (node?.type === "Literal" && typeof node.value === "string") found.push({ specifier: node.value, start: node.start });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source ?? undefined),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    CallExpression: (node) => {
      if (source.slice(node.callee.start, node.callee.end) === "import.meta.resolve") add(node.arguments[0]);
    },
    NewExpression: (node) => {
      const target = node.arguments[0];
      const base = node.arguments[1];
      const isFile = source.slice(node.callee.start, node.callee.end) === "URL" && base !== undefined;
      const named = target?.type === "Literal" && typeof target.value === "string" && /\.[cm]?[jt]s$/.test(target.value);
      if (isFile && named && source.slice(base.start, base.end) === "import.meta.url") add(target);
    },
  }).visit(parsed.program);

  return found.map(({ specifier, start }) => ({ specifier, line: lineAt(source, start) })).toSorted((a, b) => a.line - b.line);
}

function lineAt(source: string, offset: number): number {
  let line = 1;
  for (let at = source.indexOf("\n"); at !== -1 && at < offset; at = source.indexOf("\n", at + 1)) line++;
  return line;
}
