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
export type { StandardSchemaV1 } from "@standard-schema/spec";
export type { Batch, Rows } from "./contracts/batch.ts";
export type { Bucket, BucketObject, Journal } from "./contracts/bucket.ts";
export type { Field, FieldType } from "./contracts/columns.ts";
export type { Chunk, MalformedRow, NoChunk, OpenSplit, Source, SplitDescription, SplitReader } from "./contracts/source.ts";
export type { DecodedChunk, Decoder } from "./codec/formats/column-sink.ts";
export { createCsvDecoder, readHeader } from "./codec/formats/csv.ts";
export type { CsvDialect } from "./codec/formats/csv.ts";
export { jsonText } from "./codec/formats/json-text.ts";
export { issuesText, parseJsonLines, validateRows } from "./codec/formats/json-lines.ts";
export type { ParsedLines, ValidatedRows } from "./codec/formats/json-lines.ts";
export type { Malformed } from "./codec/formats/malformed.ts";
export { createNdjsonDecoder } from "./codec/formats/ndjson.ts";
export { csvBytes } from "./codec/formats/record-ends.ts";
export type { RecordFormat } from "./codec/formats/record-ends.ts";
export { ObjectRows } from "./codec/formats/struct-rows.ts";
export { fields, fieldsOf } from "./codec/schema-fields.ts";
export type { FieldsSchema, FieldSpec } from "./codec/schema-fields.ts";
export { DEFAULT_KEY_GROUPS, keyGroup, keyHash } from "./codec/murmur2.ts";
export { encodeKey } from "./codec/key.ts";
export { durationText, milliseconds } from "./time/duration.ts";
export { BatchDecoder, encodeBatch } from "./engine/batch-codec.ts";
export { ByteReader, ByteWriter } from "./codec/bytes.ts";
export { Coordinator } from "./engine/coordinator.ts";
export type { Edit, EditOptions } from "./engine/collections/edits.ts";
export type { CollectionChange, CollectionRow } from "./engine/collections/rows.ts";
export { CollectionStore } from "./engine/collections/store.ts";
export type { Subscriber, Told } from "./engine/collections/subscribers.ts";
export { collectionOf } from "./graph/refs.ts";
export { Instance } from "./engine/instance.ts";
export type { InstanceHandle, InstancePorts, OpenOptions } from "./engine/instance.ts";
export { fingerprint } from "./engine/hosting/fingerprint.ts";
export { desiredInstances, neededShare } from "./engine/hosting/desired-instances.ts";
export type { StageDemand, StageLimits, StageLoad } from "./engine/hosting/desired-instances.ts";
export type { StageInstances } from "./engine/hosting/pools.ts";
export { inThreadHost } from "./engine/hosting/host.ts";
export type { Host, HostEnvironment } from "./engine/hosting/host.ts";
export type { Cut, Plan, PlannedOperator, PlanOptions } from "./engine/plan.ts";
export { planOptions } from "./engine/plan.ts";
export { planWorkflow } from "./engine/planner.ts";
export type { SplitReport, SplitTimes } from "./engine/split-times.ts";
export type { PartitionStats } from "./engine/stats.ts";
export type { TimeChain } from "./engine/source-input.ts";
export type { AppendOutcome, AppendPart, AppendRequest, AppendTarget } from "./engine/ingest.ts";
export { LONGEST_REQUEST_KEY, REQUEST_KEY_LIMITS } from "./engine/request-keys.ts";
export type { RequestKey, RequestKeyLimits } from "./engine/request-keys.ts";
export { generatorSource } from "./engine/generator.ts";
export type { Generator } from "./engine/generator.ts";
export { topicPage } from "./engine/topic-page.ts";
export type { StoredAtom } from "./engine/topic-page.ts";
export { pagesOf, topicSource } from "./engine/topic-source.ts";
export type { ReadPage, TopicSignal } from "./engine/topic-source.ts";
export { Runtime } from "./engine/runtime.ts";
export type { Measured } from "./contracts/measured.ts";
export type { Distribution } from "./engine/metrics/histogram.ts";
export type { Backlog, Figures, PartitionMetrics, RuntimeMetrics, StageMetrics, StageScaling, Usage } from "./engine/metrics/metrics.ts";
export type { StateSize } from "./engine/partition-state.ts";
export type { RuntimeOptions, SourceBinding } from "./engine/runtime.ts";
export { checkStorable } from "./operators/state/storable.ts";
export { compareKeys } from "./operators/keys.ts";
export { slicingOf } from "./operators/window/slicing.ts";
export type { Node } from "./graph/nodes.ts";
export { checkOptions, type OptionNames } from "./graph/check-options.ts";
