import type { CallSignal } from "../../contracts/signal.ts";
import { MillraceError } from "../../errors.ts";
import type { RetryPolicy } from "../../graph/retry.ts";
import { durationText } from "../../time/duration.ts";
import type { OperatorContext } from "../operator.ts";
import { newController } from "./call.ts";
import { backoffAfter } from "./retries.ts";

/** How a call to the outside is made: the time an attempt has, and how often it is tried. */
export interface CallPolicy {
  /** Of one attempt, ms. */
  readonly timeout: number;
  readonly retries: RetryPolicy;
}

/**
 * Makes a call until an attempt succeeds; rejects with the last attempt's error. An attempt that
 * takes too long is aborted and fails with MILLRACE_FUNCTION_TIMEOUT. `key` spreads the waits.
 */
export async function callWithRetries<R>(
  call: (signal: CallSignal, attempt: number) => R | Promise<R>,
  { timeout, retries }: CallPolicy,
  key: string,
  context: OperatorContext,
): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce((signal) => call(signal, attempt), timeout, context);
    } catch (error) {
      if (attempt >= retries.attempts || !isWorthRetrying(error, retries.when)) throw error;
      context.retried();
      await wait(backoffAfter(attempt, retries, key), context);
    }
  }
}

function attemptOnce<R>(call: (signal: CallSignal) => R | Promise<R>, timeout: number, { clock, subject }: OperatorContext): Promise<R> {
  const controller = newController();
  return new Promise<R>((resolve, reject) => {
    const cancel = clock.at(clock.now() + timeout, () => {
      const message = `the call took longer than ${durationText(timeout)}; make it faster or give it a longer timeout`;
      const error = new MillraceError("MILLRACE_FUNCTION_TIMEOUT", subject, message, { retryable: true });
      controller.abort(error);
      reject(error);
    });
    // An async function, so that a call that throws at once is like one that rejects.
    const calling = (async () => call(controller.signal))();
    calling.then(resolve, reject).finally(cancel);
  });
}

function wait(milliseconds: number, { clock }: OperatorContext): Promise<void> {
  return new Promise((resolve) => {
    clock.at(clock.now() + milliseconds, resolve);
  });
}

function isWorthRetrying(error: unknown, when: ((error: unknown) => boolean) | undefined): boolean {
  try {
    return when === undefined || when(error);
  } catch {
    return false;
  }
}
