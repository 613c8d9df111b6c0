export { invariant } from "./errors.ts";
export type { Clock } from "./contracts/clock.ts";
export type {
  Commit,
  CommitResult,
  Ledger,
  LedgerCapabilities,
  LinkBatch,
  LinkId,
  PartitionId,
  Root,
  StateAddress,
  StateBlock,
  TopicAppend,
} from "./contracts/ledger.ts";
export type { Retention, TopicChunk, TopicRange, Topics } from "./contracts/topics.ts";
export { systemClock, virtualClock } from "./memory/clock.ts";
export type { VirtualClock } from "./memory/clock.ts";
export { createMemoryLedger } from "./memory/ledger.ts";
export type { MemoryLedger, MemoryLedgerOptions } from "./memory/ledger.ts";
