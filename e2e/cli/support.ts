import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const aarhus = join(repositoryRoot, "examples/city-traffic/aarhus.ts");

const bin = join(repositoryRoot, "packages/cli/bin/millrace.js");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Called once the process runs. */
  readonly during?: (child: ChildProcess) => void;
}

/** Runs the real command, from the sources, as a process of its own. */
export function millrace(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return run(process.execPath, ["--conditions=millrace-source", bin, ...args], options);
}

export function run(command: string, args: readonly string[], { cwd = repositoryRoot, input, env: added, during }: RunOptions = {}): Promise<Ended> {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const child = spawn(command, args, { cwd, env: { ...env, ...added }, stdio: ["pipe", "pipe", "pipe"] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => undefined);
  if (input !== undefined) child.stdin.end(input);
  else if (during === undefined) child.stdin.end();
  during?.(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }));
  });
}

/** For `during`: sends a signal once a folder holds so many bytes, so that it comes in the middle of a run however slow that is. */
export function signalAt(folder: string, bytes: number, signal: NodeJS.Signals): (child: ChildProcess) => void {
  return (child) => {
    const timer = setInterval(() => {
      if (bytesOf(folder) < bytes) return;
      clearInterval(timer);
      child.kill(signal);
    }, 5);
    child.once("exit", () => clearInterval(timer));
  };
}

/** Bytes of all files below a folder; none where it is not there yet. */
export function bytesOf(folder: string): number {
  let bytes = 0;
  if (!existsSync(folder)) return 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) bytes += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

/** A folder that goes with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-e2e-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The objects of an NDJSON file. */
export function readRows<T>(path: string): T[] {
  return parseRows(readFileSync(path, "utf8"));
}

export function parseRows<T>(text: string): T[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** The report that `--report json` prints last. */
export function reportOf({ stdout }: Ended): Report {
  return parseRows<Report>(stdout).at(-1) as Report;
}

export interface Report {
  readonly outcome: string;
  readonly atomsIn: number;
  readonly atomsOut: number;
  readonly late: number;
  readonly dead: number;
  readonly seconds: number;
  readonly atomsPerSecond: number;
  readonly peakMemoryBytes: number;
  readonly startToFirstResultMs: number;
  readonly resumed: boolean;
  readonly rows: Readonly<Record<string, number>>;
}
