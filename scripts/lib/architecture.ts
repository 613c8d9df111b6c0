import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix } from "node:path";

/** One row of a table in architecture.json: a package or folder, and what it may import. */
export interface Row {
  readonly path: string;
  readonly imports: readonly string[];
  readonly holds: string;
  /** False where Node's own modules may not be imported (in src). Default true. */
  readonly node?: boolean;
  /** True where only public subpaths of packages may be imported, not `/internal`. */
  readonly publicOnly?: boolean;
  /** True where source files of the packages may be imported by relative paths. */
  readonly sources?: boolean;
  /** True where the built package holds what its sources import, so that devDependencies are enough. */
  readonly bundled?: boolean;
}

export interface FolderTable {
  readonly inside: string;
  readonly rows: readonly Row[];
}

export interface Architecture {
  readonly maxLines: number;
  readonly packages: readonly Row[];
  readonly folders: readonly FolderTable[];
}

interface Manifest {
  readonly name: string;
  readonly exports?: Record<string, Record<string, string>>;
  readonly imports?: Record<string, unknown>;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

/** The path, from the root, of what every package's tests may import beside their own package. */
const TEST_SUPPORT = "e2e/support/";

/** Judges imports by architecture.json. All paths are relative to the root, with forward slashes. */
export class Judge {
  readonly architecture: Architecture;
  readonly #rootManifest: Manifest;
  readonly #manifests = new Map<string, Manifest>();

  constructor(root: string) {
    this.architecture = readJson<Architecture>(join(root, "architecture.json"));
    this.#rootManifest = readJson<Manifest>(join(root, "package.json"));
    for (const { path } of this.architecture.packages) {
      const manifest = join(root, path, "package.json");
      if (existsSync(manifest)) this.#manifests.set(path, readJson<Manifest>(manifest));
    }
  }

  /** What is wrong with the table itself: unknown names, and rows that import a later one. */
  tableErrors(): string[] {
    const tables = [{ inside: "", rows: this.architecture.packages }, ...this.architecture.folders];
    return tables.flatMap(({ inside, rows }) =>
      rows.flatMap((row, index) =>
        row.imports
          .filter((name) => !rows.slice(0, index).some((above) => above.path === name))
          .map((name) => `${posix.join(inside, row.path)} lists ${name}, which is no row above it`),
      ),
    );
  }

  /** Third-party dependencies that a package declares and none of its sources imports. */
  unusedDependencies(imported: (packagePath: string) => ReadonlySet<string>): string[] {
    return [...this.#manifests].flatMap(([path, { dependencies = {} }]) =>
      Object.keys(dependencies)
        .filter((name) => ![...this.#manifests.values()].some((own) => own.name === name))
        .filter((name) => !imported(path).has(name))
        .map((name) => `${path}/package.json: declares ${name}, which no source file imports. Remove it, then run: npm run lock`),
    );
  }

  /** Says what is wrong with one import, and what to do; undefined where nothing is. */
  judge(file: string, specifier: string): string | undefined {
    const from = this.#rowOf(file);
    if (from === undefined) return "this folder has no row in architecture.json. Add one, or move the file.";
    if (specifier.startsWith(".")) return this.#judgeRelative(file, from, posix.join(dirname(file), specifier));
    if (specifier.startsWith("node:") || builtinModules.includes(specifier)) return judgeBuiltin(file, from);
    if (specifier.startsWith("#")) return this.#judgeOwnName(from, specifier);
    return this.#judgePackage(file, from, specifier);
  }

  #judgeRelative(file: string, from: Row, target: string): string | undefined {
    if (!target.startsWith(`${from.path}/`)) {
      if (isTest(file) && target.startsWith(TEST_SUPPORT)) return undefined;
      const owner = this.#rowOf(target);
      if (from.sources === true && owner !== undefined && from.imports.includes(owner.path)) return undefined;
      const name = owner && this.#manifests.get(owner.path)?.name;
      return `a relative import leaves ${from.path}. ${name === undefined ? "Move what is shared into a package." : `Import ${name} by its name.`}`;
    }
    if (!isTest(file) && target.startsWith(`${from.path}/test/`)) return "product code imports a test. Move what is shared into src.";
    const table = this.architecture.folders.find(({ inside }) => file.startsWith(`${inside}/`));
    if (table === undefined || !target.startsWith(`${table.inside}/`)) return undefined;
    return judgeFolder(table, file, target);
  }

  /** `#name`: what a package calls a file of its own. */
  #judgeOwnName(from: Row, specifier: string): string | undefined {
    const names = Object.keys(this.#manifests.get(from.path)?.imports ?? {});
    return names.includes(specifier) ? undefined : `${from.path}/package.json has no ${specifier} in its imports. Add it there.`;
  }

  #judgePackage(file: string, from: Row, specifier: string): string | undefined {
    const name = packageNameOf(specifier);
    const target = this.architecture.packages.find(({ path }) => this.#manifests.get(path)?.name === name);
    if (target === undefined) return this.#judgeThirdParty(file, from, name);
    if (target.path !== from.path && !from.imports.includes(target.path)) {
      return `${from.path} may import ${list(from.imports)}. Put a contract into a package that both may import, or move the code.`;
    }
    if (target.path === from.path && !isTest(file)) return `a package's own sources import each other by relative paths. Import the file.`;
    const subpath = specifier === name ? "." : `.${specifier.slice(name.length)}`;
    const exported = Object.keys(this.#manifests.get(target.path)?.exports ?? {});
    if (!exported.includes(subpath)) return `${name} has no export "${subpath}". Import one of ${list(exported)}, or export it there.`;
    if (from.publicOnly === true && subpath === "./internal") return `${from.path} may use public exports only. Import ${name}, or make public what is needed.`;
    return undefined;
  }

  #judgeThirdParty(file: string, from: Row, name: string): string | undefined {
    const own = this.#manifests.get(from.path);
    const shipped = { ...own?.dependencies, ...own?.peerDependencies, ...own?.optionalDependencies, ...(from.bundled === true ? own?.devDependencies : {}) };
    if (name in shipped) return undefined;
    if (own !== undefined && !isTest(file)) return `${from.path}/package.json does not declare ${name}. Add it to its dependencies or peerDependencies.`;
    if (name in { ...own?.devDependencies, ...this.#rootManifest.devDependencies }) return undefined;
    return `no package.json declares ${name}. Add it to the root's devDependencies.`;
  }

  #rowOf(path: string): Row | undefined {
    return this.architecture.packages.find((row) => path.startsWith(`${row.path}/`));
  }
}

/** The package's name in an import of it or of one of its subpaths. */
export function packageNameOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function judgeBuiltin(file: string, from: Row): string | undefined {
  if (from.node !== false || isTest(file)) return undefined;
  return `${from.path} has no I/O. Put it behind a contract and implement that in packages/drivers.`;
}

function judgeFolder(table: FolderTable, file: string, target: string): string | undefined {
  const fromName = unitOf(table, file);
  const targetName = unitOf(table, target);
  if (fromName === targetName) return undefined;
  const wildcard = table.rows.find(({ path }) => path === "*");
  const row = table.rows.find(({ path }) => path === fromName) ?? wildcard;
  if (row === undefined) return `${table.inside}/${fromName} has no row in architecture.json. Add one, or move the file.`;
  if (row.imports.includes(targetName)) return undefined;
  return `${table.inside}/${fromName} may import ${list(row.imports)} beside itself, not ${targetName}. Move what is shared to a lower folder, or turn the dependency round with a contract.`;
}

function unitOf(table: FolderTable, path: string): string {
  return path.slice(table.inside.length + 1).split("/", 1)[0];
}

function isTest(file: string): boolean {
  return !/^packages\/[^/]+\/(src|bin)\//.test(file);
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.join(", ");
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}
