export { dashboard } from "./dashboard.ts";
export type { Dashboard } from "./dashboard.ts";
export type { Colour, FieldOf, Meaning, Where } from "./fields.ts";
export { lines, map, metrics, places, table } from "./panels.ts";
export type {
  Action,
  ActionOptions,
  Column,
  ColumnOptions,
  Frame,
  Layer,
  LayerOptions,
  LinesOptions,
  LinesPanel,
  MapPanel,
  Measure,
  MetricsPanel,
  Panel,
  TableOptions,
  TablePanel,
} from "./panels.ts";
