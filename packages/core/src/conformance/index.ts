export { ledgerConformance } from "./ledger.ts";
export type { LedgerConformanceOptions, LedgerFactory } from "./ledger.ts";
export type { LedgerSubject, LedgerUnderTest } from "./ledger-subject.ts";
export { ConformanceError } from "./expect.ts";
