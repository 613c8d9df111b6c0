import { collectionTests } from "./ledger-collections.ts";
import { commitTests } from "./ledger-commits.ts";
import { linkTests } from "./ledger-links.ts";
import { randomTests } from "./ledger-random.ts";
import { reopenTests } from "./ledger-reopen.ts";
import { sizeTests } from "./ledger-sizes.ts";
import { stateTests } from "./ledger-state.ts";
import { topicTests, trimTests } from "./ledger-topics.ts";
import type { LedgerSubject, LedgerTest } from "./ledger-subject.ts";

export interface LedgerFactory {
  open(): Promise<LedgerSubject>;
}

export interface LedgerConformanceOptions {
  /** A test runner's function, e.g. `test` of node:test. */
  readonly test: (name: string, body: () => Promise<void>) => unknown;
  readonly factory: LedgerFactory;
  /** Put before each test's name. */
  readonly name?: string;
  /** First seed of the random sequences; default 1. A failure names its seed. */
  readonly seed?: number;
  /** How many random sequences; default 4. */
  readonly sequences?: number;
}

/**
 * The conformance suite of `Ledger` and `Topics` in one store: registers its tests with the runner's
 * function. A driver is done when all pass; what is left out follows from its `durability` alone.
 */
export function ledgerConformance(options: LedgerConformanceOptions): void {
  const { factory, name = "ledger", seed = 1, sequences = 4 } = options;
  const test: LedgerTest = (title, body) => {
    options.test(`${name}: ${title}`, async () => {
      const subject = await factory.open();
      try {
        await body(subject);
      } finally {
        await subject.dispose();
      }
    });
  };
  commitTests(test);
  linkTests(test);
  stateTests(test);
  topicTests(test);
  trimTests(test);
  collectionTests(test);
  reopenTests(test);
  sizeTests(test);
  randomTests(test, seed, sequences);
}
