import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What a measured process used: peak resident memory with all its threads, and processor time. */
export interface Usage {
  readonly peakBytes: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

export interface Ended extends Usage {
  /** Lines of its standard output. */
  readonly lines: readonly string[];
}

/** A process that runs, and is measured while it does. */
export interface Running {
  /** Resolves with its next line for which `wanted` answers; rejects when it ends without one. */
  line<T>(wanted: (line: string) => T | undefined): Promise<T>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended; rejects where it failed, unless it was killed by `kill`. */
  readonly ended: Promise<Ended>;
}

const SAMPLE_MILLISECONDS = 20;
const TICKS_PER_SECOND = 100;

/** Starts Node with a script and its arguments, and samples what it uses from /proc (Linux; elsewhere NaN). */
export function startNode(nodeOptions: readonly string[], args: readonly string[]): Running {
  const begun = performance.now();
  const child = spawn(process.execPath, [...nodeOptions, ...args], { stdio: ["ignore", "pipe", "pipe"], cwd: repositoryRoot });
  const sampler = sample(child);
  const lines: string[] = [];
  const waiting = new Set<(line: string | undefined) => void>();
  let errors = "";
  let killed = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4000)));
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look(line);
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      sampler.end();
      for (const look of waiting) look(undefined);
      const wallSeconds = (performance.now() - begun) / 1000;
      if (code === 0 || killed) resolve({ lines, wallSeconds, peakBytes: sampler.peakBytes, cpuSeconds: sampler.cpuSeconds });
      else reject(new Error(`${args.join(" ")}\nended with ${code ?? signal}:\n${errors}`));
    });
  });
  ended.catch(() => undefined);
  return {
    ended,
    kill(signal) {
      killed = true;
      child.kill(signal);
    },
    line: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (line: string | undefined): void => {
          const found = line === undefined ? undefined : wanted(line);
          if (line !== undefined && found === undefined) return;
          waiting.delete(look);
          if (found === undefined) ended.then(() => reject(new Error(`${args.join(" ")} ended before it said what was waited for`)), reject);
          else resolve(found);
        };
        waiting.add(look);
      }),
  };
}

/** Runs the built command to its end. */
export function runCommand(nodeOptions: readonly string[], args: readonly string[]): Promise<Ended> {
  return startNode(nodeOptions, [join(repositoryRoot, "packages/cli/bin/millrace.js"), ...args]).ended;
}

/** What `millrace run --report json` says of itself. */
export interface Report {
  readonly atomsIn: number;
  readonly late: number;
  readonly dead: number;
  readonly seconds: number;
  readonly startToFirstResultMs: number | null;
  readonly commits: number;
  readonly rows: Readonly<Record<string, number>>;
}

export function reportOf({ lines }: Ended): Report {
  return JSON.parse(lines.at(-1) ?? "null") as Report;
}

export const repositoryRoot: string = fileURLToPath(new URL("../..", import.meta.url));

function sample(child: ChildProcess): { readonly peakBytes: number; readonly cpuSeconds: number; end(): void } {
  const seen = { peakBytes: Number.NaN, cpuSeconds: Number.NaN, end: () => clearInterval(timer) };
  const look = (): void => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "latin1");
      const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) * 1024;
      if (peak > 0) seen.peakBytes = peak;
      const stat = readFileSync(`/proc/${child.pid}/stat`, "latin1");
      const numbers = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (peak > 0) seen.cpuSeconds = (Number(numbers[11]) + Number(numbers[12])) / TICKS_PER_SECOND;
    } catch {
      // It has ended, or this is no Linux.
    }
  };
  const timer = setInterval(look, SAMPLE_MILLISECONDS);
  return seen;
}
