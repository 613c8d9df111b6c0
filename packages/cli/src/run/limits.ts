import { MillraceError } from "@millrace/core";
import type { CommitCounts, CommitWatch } from "../app/commit-counter.ts";
import { counted } from "../say.ts";

/** After how much a run fails. */
export interface RunLimits {
  /** Dead letters of the whole run, those from before it was resumed too. */
  readonly maxErrors: number;
  /** Late atoms of this process. */
  readonly maxLate: number;
}

/** Watches a run's counts against its limits, and its store for room. */
export class LimitWatch implements CommitWatch {
  readonly #limits: RunLimits;
  readonly #deadBefore: number;
  readonly #passed = Promise.withResolvers<never>();

  constructor(limits: RunLimits, deadBefore: number) {
    this.#limits = limits;
    this.#deadBefore = deadBefore;
    this.#passed.promise.catch(() => undefined);
    this.look({ dead: 0, late: 0 });
  }

  /** Rejects with a LimitPassed once a limit is passed, with the store's error where it is full; else never settles. */
  get passed(): Promise<never> {
    return this.#passed.promise;
  }

  /** A run does not wait for room: it says so, and goes on from its last commit when it is started again. */
  full(error: MillraceError): void {
    this.#passed.reject(error);
  }

  look({ dead, late }: Pick<CommitCounts, "dead" | "late">): void {
    const { maxErrors, maxLate } = this.#limits;
    const all = this.#deadBefore + dead;
    if (all > maxErrors) this.#passed.reject(new LimitPassed(`refused ${counted(all, "atom")}, more than --max-errors ${maxErrors} allows.`, "dead"));
    if (late > maxLate) this.#passed.reject(new LimitPassed(`${counted(late, "atom")} came too late for their windows, more than --max-late ${maxLate} allows.`, "late"));
  }
}

/** What passed its limit, as a sentence. */
export class LimitPassed extends Error {
  readonly kind: "dead" | "late";

  constructor(message: string, kind: "dead" | "late") {
    super(message);
    this.kind = kind;
  }

  /** The error for a person: what passed, the details that are known, and what to do. */
  toError(details: string, resumable: boolean): MillraceError {
    const option = this.kind === "dead" ? "--max-errors" : "--max-late";
    const remedy = resumable ? `Allow more by ${option} and run it again to go on, or correct the input and take another folder.` : "Correct the input, or allow more.";
    return new MillraceError("MILLRACE_TOO_MANY_ERRORS", "run", `${this.message} ${details}\n  ${remedy}`);
  }
}
