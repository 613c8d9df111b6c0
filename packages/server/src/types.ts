import type { Dashboard } from "@millrace/core/dashboards";
import type { z } from "zod";
import type { changes, collectionList, collectionState, edited, edits, namedChanges, row, rowPage } from "./schemas/collections.ts";
import type { malformedAtom, problem } from "./schemas/common.ts";
import type { deadLetter, deadLetterPage, deadTopic, deadTopicList, replayed } from "./schemas/dead-letters.ts";
import type { figures, health, metrics, partitionFigures, stageFigures, stageList } from "./schemas/metrics.ts";
import type { atom, atomPage, ingested, topicList, topicState } from "./schemas/topics.ts";
import type { workflowList, workflowPlan, workflowSummary } from "./schemas/workflows.ts";

/** A body of a schema's shape, as whoever gets it may use it. */
type Wire<Schema extends z.ZodType> = Fixed<z.output<Schema>>;
type Fixed<T> = T extends readonly (infer Item)[] ? readonly Fixed<Item>[] : T extends object ? { readonly [Name in keyof T]: Fixed<T[Name]> } : T;

/** What travels between the server and whoever calls it: the shapes of the bodies, as the schemas have them. */
export type Problem = Wire<typeof problem>;

export type WorkflowList = Wire<typeof workflowList>;
export type WorkflowSummary = Wire<typeof workflowSummary>;
export type WorkflowPlan = Wire<typeof workflowPlan>;

export type Metrics = Wire<typeof metrics>;
export type Figures = Wire<typeof figures>;
export type StageFigures = Wire<typeof stageFigures>;
export type PartitionFigures = Wire<typeof partitionFigures>;
export type StageList = Wire<typeof stageList>;
export type Health = Wire<typeof health>;

export type TopicList = Wire<typeof topicList>;
export type TopicState = Wire<typeof topicState>;
export type Atom = Wire<typeof atom>;
export type AtomPage = Wire<typeof atomPage>;
export type MalformedAtom = Wire<typeof malformedAtom>;
export type Ingested = Wire<typeof ingested>;

export type CollectionList = Wire<typeof collectionList>;
export type CollectionState = Wire<typeof collectionState>;
export type Row = Wire<typeof row>;
export type RowPage = Wire<typeof rowPage>;
/** Data of the events `snapshot` and `changes` of a collection. */
export type Changes = Wire<typeof changes>;
/** The same where several collections are followed at once. */
export type NamedChanges = Wire<typeof namedChanges>;

export type Edits = Wire<typeof edits>;
export type Edited = Wire<typeof edited>;

export type DeadTopicList = Wire<typeof deadTopicList>;
export type DeadTopic = Wire<typeof deadTopic>;
export type DeadLetter = Wire<typeof deadLetter>;
export type DeadLetterPage = Wire<typeof deadLetterPage>;
export type Replayed = Wire<typeof replayed>;

export type { Action, Colour, Column, Layer, LinesPanel, MapPanel, Meaning, Measure, MetricsPanel, Panel, TablePanel } from "@millrace/core/dashboards";
export type { Dashboard };
export interface DashboardList {
  readonly items: readonly Dashboard[];
}
