import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { repositoryRoot } from "../cli/support.ts";

export const numbersModule: string = join(repositoryRoot, "e2e/serve/numbers.ts");

/** `millrace dev` as a process of its own. */
export interface DevProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it has said on standard error. */
  said(): string;
  /** Sends a signal and waits for its end; gives the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts it, from the sources, and waits until it is ready; it ends with the test. Fails with what it said where it ends before. */
export async function startDev(t: TestContext, args: readonly string[], options: { readonly port: number; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }): Promise<DevProcess> {
  const { port, cwd = repositoryRoot, env: added } = options;
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const command = ["--conditions=millrace-source", join(repositoryRoot, "packages/cli/bin/millrace.js"), "dev", numbersModule, "--port", String(port), ...args];
  const child = spawn(process.execPath, command, { cwd, env: { ...env, ...added }, stdio: ["ignore", "inherit", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = once(child, "exit") as Promise<[number | null]>;
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`millrace dev ended with ${child.exitCode}:\n${said}`);
    if ((await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    url,
    child,
    said: () => said,
    end: async (signal) => {
      child.kill(signal);
      const [code] = await ended;
      return code;
    },
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
