import type { Ledger } from "../contracts/ledger.ts";
import type { Topics } from "../contracts/topics.ts";

/** What the suite needs of a driver. */
export type LedgerUnderTest = Ledger & Topics;

/** One empty ledger of the driver under test. */
export interface LedgerSubject {
  readonly ledger: LedgerUnderTest;
  /** Closes it in order and opens what it stored; leave it out where `durability` is "none". */
  readonly reopen?: () => Promise<LedgerUnderTest>;
  /** The same, but as after the death of its process at this moment. */
  readonly kill?: () => Promise<LedgerUnderTest>;
  /** Closes whatever is open and removes what was stored. */
  readonly dispose: () => Promise<void>;
}

/** A test of the suite. */
export type LedgerTest = (name: string, body: (subject: LedgerSubject) => Promise<void>) => void;
