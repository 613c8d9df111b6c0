import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { repositoryRoot } from "./process.ts";

/** What the figures were measured on, and of. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly millrace: string;
  /** Commit of the repository, with "+" where files were changed since. */
  readonly commit: string;
  /** How many processes wanted a core in the minute before: figures beside other work are figures of a part of the machine. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const [first] = cpus();
  const changed = git("status", "--porcelain", "--untracked-files=no", "--", "packages", "bench", "examples") !== "";
  return {
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    millrace: (JSON.parse(readFileSync(new URL("../../packages/cli/package.json", import.meta.url), "utf8")) as { readonly version: string }).version,
    commit: git("rev-parse", "--short=12", "HEAD") + (changed ? "+" : ""),
    load: loadavg()[0] ?? 0,
  };
}

function git(...args: readonly string[]): string {
  return spawnSync("git", args, { cwd: repositoryRoot, encoding: "utf8" }).stdout?.trim() ?? "";
}
