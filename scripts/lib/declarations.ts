import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync, type Class, type Comment, type Declaration, type Program } from "oxc-parser";

/** A name that an entry point exports, as it is declared somewhere. */
export interface Declared {
  readonly name: string;
  /** File of the declaration, relative to the root. */
  readonly file: string;
  readonly kind: "function" | "class" | "type" | "constant";
  /** What its doc comment says, as Markdown. */
  readonly doc: string;
  /** The declaration without bodies and private members; comments of members are kept. */
  readonly text: string;
}

interface Parsed {
  readonly file: string;
  readonly source: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
}

/** Follows what entry points export to where it is declared. Throws where a name leads nowhere inside the packages. */
export class Declarations {
  readonly #root: string;
  readonly #parsed = new Map<string, Parsed>();

  constructor(root: string) {
    this.#root = root;
  }

  /** All that a file exports, in its order. */
  exportsOf(file: string): readonly Declared[] {
    const { program } = this.#parse(join(this.#root, file));
    const found: Declared[] = [];
    for (const statement of program.body) {
      if (statement.type !== "ExportNamedDeclaration" || statement.source === null) continue;
      const from = this.#resolve(join(this.#root, file), statement.source.value);
      for (const { local, exported } of statement.specifiers) found.push(this.#find(from, nameOf(local), nameOf(exported)));
    }
    return found;
  }

  #find(path: string, local: string, name: string): Declared {
    const parsed = this.#parse(path);
    const overloads: string[] = [];
    for (const statement of parsed.program.body) {
      if (statement.type !== "ExportNamedDeclaration") continue;
      const { declaration, source, specifiers } = statement;
      const specifier = specifiers.find(({ exported }) => nameOf(exported) === local);
      if (specifier !== undefined && source !== null) return this.#find(this.#resolve(path, source.value), nameOf(specifier.local), name);
      if (declaration === null || !declares(declaration, local)) continue;
      if (declaration.type === "TSDeclareFunction") {
        overloads.push(parsed.source.slice(declaration.start, declaration.end).trim());
        continue;
      }
      const first = parsed.program.body.find((one) => one.type === "ExportNamedDeclaration" && one.declaration !== null && declares(one.declaration, local)) ?? statement;
      const text = overloads.length > 0 ? overloads.join("\n") : textOf(parsed, declaration);
      return { name, file: relative(this.#root, path), kind: kindOf(declaration), doc: docOf(parsed, first.start), text };
    }
    throw new Error(`${relative(this.#root, path)} exports no ${local} of its own; the reference cannot follow it`);
  }

  #resolve(from: string, specifier: string): string {
    if (specifier.startsWith(".")) return join(dirname(from), specifier);
    const [, name = "", subpath = ""] = /^(@millrace\/[^/]+)\/?(.*)$/.exec(specifier) ?? [];
    const folder = join(this.#root, "packages", name.replace("@millrace/", ""));
    if (name === "" || !existsSync(folder)) throw new Error(`${relative(this.#root, from)} exports names of ${specifier}, which is none of our packages`);
    const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { exports: Record<string, { "millrace-source": string }> };
    return join(folder, exports[subpath === "" ? "." : `./${subpath}`]["millrace-source"]);
  }

  #parse(path: string): Parsed {
    let parsed = this.#parsed.get(path);
    if (parsed === undefined) {
      const source = readFileSync(path, "utf8");
      const { program, comments } = parseSync(path, source, { sourceType: "module" });
      this.#parsed.set(path, (parsed = { file: path, source, program, comments }));
    }
    return parsed;
  }
}

function nameOf(node: { readonly type: string; readonly name?: string; readonly value?: unknown }): string {
  return node.name ?? String(node.value);
}

function declares(declaration: Declaration, name: string): boolean {
  if (declaration.type === "VariableDeclaration") return declaration.declarations.some(({ id }) => id.type === "Identifier" && id.name === name);
  return "id" in declaration && declaration.id !== null && declaration.id.type === "Identifier" && declaration.id.name === name;
}

function kindOf({ type }: Declaration): Declared["kind"] {
  if (type === "ClassDeclaration") return "class";
  if (type === "FunctionDeclaration" || type === "TSDeclareFunction") return "function";
  return type === "VariableDeclaration" ? "constant" : "type";
}

function textOf(parsed: Parsed, declaration: Declaration): string {
  const { source } = parsed;
  if (declaration.type === "FunctionDeclaration") return `${source.slice(declaration.start, declaration.body?.start ?? declaration.end).trim()};`;
  if (declaration.type === "ClassDeclaration") return classText(parsed, declaration);
  return source.slice(declaration.start, declaration.end).trim();
}

function classText(parsed: Parsed, declaration: Class): string {
  const { source } = parsed;
  const members: string[] = [];
  for (const member of declaration.body.body) {
    if (member.type !== "MethodDefinition" && member.type !== "PropertyDefinition") continue;
    if (member.key.type === "PrivateIdentifier" || member.accessibility === "private" || member.accessibility === "protected") continue;
    if (member.type === "MethodDefinition" && member.kind === "constructor") continue;
    const value = member.type === "MethodDefinition" ? member.value.body : member.value;
    // Of an overloaded method the signatures say all.
    if (value !== null && value !== undefined && member.type === "MethodDefinition" && isOverloaded(declaration, source.slice(member.key.start, member.key.end))) continue;
    const signature = source.slice(member.start, value?.start ?? member.end).trim().replace(/\s*=$/, "");
    const comment = commentBefore(parsed, member.start);
    members.push(`${comment === undefined ? "" : `  ${source.slice(comment.start, comment.end)}\n`}  ${signature.replace(/;?$/, ";")}`);
  }
  return `${source.slice(declaration.start, declaration.body.start).trim()} {\n${members.join("\n\n")}\n}`;
}

function isOverloaded(declaration: Class, name: string): boolean {
  return declaration.body.body.filter((member) => member.type === "MethodDefinition" && member.key.type === "Identifier" && member.key.name === name).length > 1;
}

function commentBefore({ source, comments }: Parsed, start: number): Comment | undefined {
  return comments.findLast(({ type, value, end }) => type === "Block" && value.startsWith("*") && end <= start && source.slice(end, start).trim() === "");
}

/** A doc comment's text as paragraphs; a line of its own for each line that begins a list. */
function docOf(parsed: Parsed, start: number): string {
  const comment = commentBefore(parsed, start);
  if (comment === undefined) return "";
  const lines = comment.value.slice(1).split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  return lines.join("\n").trim();
}
