import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { Config, EmbeddedBackend } from "./config.ts";
import { importModule } from "./import-module.ts";
import { usage } from "./say.ts";

const CONFIG_FILES = ["millrace.config.ts", "millrace.config.js", "millrace.config.mjs"];
const EMBEDDED = "embedded";

/**
 * The backend of a name: one of millrace.config.ts in the current folder, or embedded, which needs
 * none. Throws MILLRACE_USAGE, naming those there are, for another name.
 */
export async function backendOf(name: string = EMBEDDED): Promise<EmbeddedBackend> {
  const file = CONFIG_FILES.map((one) => resolve(one)).find((path) => existsSync(path));
  const backends = file === undefined ? {} : await backendsOf(file);
  if (!Object.hasOwn(backends, name) && name === EMBEDDED) return { kind: EMBEDDED };
  const where = file === undefined ? "there is no millrace.config.ts here" : `${relative(process.cwd(), file)} has ${Object.keys(backends).join(", ") || "none"}`;
  if (file === undefined || !Object.hasOwn(backends, name)) {
    throw usage(`--backend ${name}`, `there is no backend of this name; ${where}, and embedded, which runs in this process, needs no entry`);
  }
  const backend = backends[name];
  if (backend.kind !== EMBEDDED) {
    throw usage(`--backend ${name}`, `its kind is ${JSON.stringify(backend.kind)}; embedded is the only kind in this version`);
  }
  return backend.data === undefined ? backend : { ...backend, data: resolve(dirname(file), backend.data) };
}

async function backendsOf(file: string): Promise<Config["backends"]> {
  const { default: config } = await importModule(relative(process.cwd(), file), file);
  const backends = typeof config === "object" && config !== null && "backends" in config ? config.backends : undefined;
  if (typeof backends === "object" && backends !== null) return backends as Config["backends"];
  throw usage(`file ${relative(process.cwd(), file)}`, "must have a default export: export default defineConfig({ backends: { … } })");
}
