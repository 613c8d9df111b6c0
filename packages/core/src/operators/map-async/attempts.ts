import type { CallSignal } from "../../contracts/signal.ts";
import { MillraceError } from "../../errors.ts";
import type { RetryPolicy } from "../../graph/retry.ts";
import { durationText } from "../../time/duration.ts";
import type { OperatorContext } from "../operator.ts";
import { StepAbandoned } from "../stopping.ts";
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
 * takes too long is aborted and fails with MILLRACE_FUNCTION_TIMEOUT. `key` spreads the waits. One that
 * would be made without end rejects with StepAbandoned after an attempt where its partition is to stop.
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
      const endless = retries.attempts === Infinity;
      await wait(backoffAfter(attempt, retries, key), context, endless);
      if (endless && context.stopping?.begun === true) throw new StepAbandoned("its partition is to stop", { cause: error });
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

function wait(milliseconds: number, { clock, stopping }: OperatorContext, endless: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (!endless || stopping === undefined) {
      clock.at(clock.now() + milliseconds, resolve);
      return;
    }
    if (stopping.begun) {
      resolve();
      return;
    }
    const forget = stopping.onBegin(() => {
      cancel();
      resolve();
    });
    const cancel = clock.at(clock.now() + milliseconds, () => {
      forget();
      resolve();
    });
  });
}

function isWorthRetrying(error: unknown, when: ((error: unknown) => boolean) | undefined): boolean {
  try {
    return when === undefined || when(error);
  } catch {
    return false;
  }
}
