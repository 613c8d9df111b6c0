export { openEmbeddedLedger } from "./embedded-ledger.ts";
export type { EmbeddedLedger, EmbeddedLedgerOptions, EmbeddedLedgerStatistics } from "./embedded-ledger.ts";
