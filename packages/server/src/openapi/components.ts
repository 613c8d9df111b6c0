import type { z } from "zod";
import { changes, collectionList, collectionState, edited, edits, row, rowPage } from "../schemas/collections.ts";
import { malformedAtom, problem } from "../schemas/common.ts";
import { dashboard, dashboardList } from "../schemas/dashboards.ts";
import { deadLetter, deadLetterPage, deadTopic, deadTopicList, replayed, replayRequest } from "../schemas/dead-letters.ts";
import { health, metrics, partitionFigures, stageFigures, stageList } from "../schemas/metrics.ts";
import { atom, atomPage, ingested, topicList, topicState } from "../schemas/topics.ts";
import { workflowList, workflowPlan, workflowSummary } from "../schemas/workflows.ts";

/** The schemas that have names in the description of the API: those of `types.ts`. */
export const COMPONENTS = {
  Problem: problem,
  MalformedAtom: malformedAtom,
  WorkflowList: workflowList,
  WorkflowSummary: workflowSummary,
  WorkflowPlan: workflowPlan,
  Metrics: metrics,
  StageFigures: stageFigures,
  PartitionFigures: partitionFigures,
  StageList: stageList,
  Health: health,
  TopicList: topicList,
  TopicState: topicState,
  Atom: atom,
  AtomPage: atomPage,
  Ingested: ingested,
  CollectionList: collectionList,
  CollectionState: collectionState,
  Row: row,
  RowPage: rowPage,
  Changes: changes,
  Edits: edits,
  Edited: edited,
  DeadTopicList: deadTopicList,
  DeadTopic: deadTopic,
  DeadLetter: deadLetter,
  DeadLetterPage: deadLetterPage,
  Replayed: replayed,
  ReplayRequest: replayRequest,
  Dashboard: dashboard,
  DashboardList: dashboardList,
} as const satisfies Readonly<Record<string, z.ZodType>>;
