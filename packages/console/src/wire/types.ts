/** What travels between server and page. */
export type { Action, Colour, Column, Layer, LinesPanel, MapPanel, Meaning, Measure, MetricsPanel, Panel, TablePanel } from "@millrace/core/dashboards";
export type { Changes, Dashboard, DashboardList, Metrics, StageFigures, WorkflowList, WorkflowSummary } from "@millrace/server/types";
