import type { InstanceLimits } from "./app/instance-limits.ts";

/** Runs in this process, with its state in a folder. */
export interface EmbeddedBackend {
  readonly kind: "embedded";
  /** Folder that keeps state, relative to the config file. Default: none, so that a run cannot be resumed. */
  readonly data?: string;
  /** What an acknowledged commit survives: "process" (default) a killed process, "disk" a power cut too. */
  readonly durability?: "process" | "disk";
  /** Worker threads, as in `start`; `--instances` comes before it. Default: none, all runs in the main thread. */
  readonly instances?: number | InstanceLimits;
}

/** Where workflows run, by the names that `--backend` takes. */
export interface Config {
  readonly backends: Readonly<Record<string, EmbeddedBackend>>;
}

/** The default export of millrace.config.ts: `export default defineConfig({ backends: { … } })`. */
export function defineConfig(config: Config): Config {
  return config;
}
