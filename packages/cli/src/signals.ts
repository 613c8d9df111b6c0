import { constants } from "node:os";

export interface SignalWait {
  /** Resolves at the first SIGINT or SIGTERM; the second ends the process at once. */
  readonly received: Promise<NodeJS.Signals>;
  /** 128 and the signal's number, as shells have it. */
  exitCode(signal: NodeJS.Signals): number;
}

/** Waits for the signals that ask a process to stop. */
export function untilSignal(): SignalWait {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const exitCode = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];
  let seen = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (seen) process.exit(exitCode(signal));
      seen = true;
      resolve(signal);
    });
  }
  return { received: promise, exitCode };
}
