import type { Dashboard } from "@millrace/core/dashboards";
import type { z } from "zod";
import type { changes, collectionList, collectionState, row, rowPage } from "./schemas/collections.ts";
import type { malformedAtom, problem } from "./schemas/common.ts";
import type { deadLetter, deadLetterPage, deadTopic, deadTopicList, replayed } from "./schemas/dead-letters.ts";
import type { figures, health, metrics, partitionFigures, stageFigures, stageList } from "./schemas/metrics.ts";
import type { atom, atomPage, ingested, topicList, topicState } from "./schemas/topics.ts";
import type { workflowList, workflowPlan, workflowSummary } from "./schemas/workflows.ts";

/** What travels between the server and whoever calls it: the shapes of the bodies, as the schemas have them. */
export type Problem = z.infer<typeof problem>;

export type WorkflowList = z.infer<typeof workflowList>;
export type WorkflowSummary = z.infer<typeof workflowSummary>;
export type WorkflowPlan = z.infer<typeof workflowPlan>;

export type Metrics = z.infer<typeof metrics>;
export type Figures = z.infer<typeof figures>;
export type StageFigures = z.infer<typeof stageFigures>;
export type PartitionFigures = z.infer<typeof partitionFigures>;
export type StageList = z.infer<typeof stageList>;
export type Health = z.infer<typeof health>;

export type TopicList = z.infer<typeof topicList>;
export type TopicState = z.infer<typeof topicState>;
export type Atom = z.infer<typeof atom>;
export type AtomPage = z.infer<typeof atomPage>;
export type MalformedAtom = z.infer<typeof malformedAtom>;
export type Ingested = z.infer<typeof ingested>;

export type CollectionList = z.infer<typeof collectionList>;
export type CollectionState = z.infer<typeof collectionState>;
export type Row = z.infer<typeof row>;
export type RowPage = z.infer<typeof rowPage>;
/** Data of the events `snapshot` and `changes` of a collection. */
export type Changes = z.infer<typeof changes>;

export type DeadTopicList = z.infer<typeof deadTopicList>;
export type DeadTopic = z.infer<typeof deadTopic>;
export type DeadLetter = z.infer<typeof deadLetter>;
export type DeadLetterPage = z.infer<typeof deadLetterPage>;
export type Replayed = z.infer<typeof replayed>;

export type { Dashboard };
export interface DashboardList {
  readonly items: readonly Dashboard[];
}
