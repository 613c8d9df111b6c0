import { MillraceError } from "../errors.ts";
import type { Workflow } from "../graph/graph.ts";
import type { AnyCollection, Collection } from "../graph/refs.ts";
import type { Colour, FieldOf, Where } from "./fields.ts";

/** Part of a dashboard, as plain data: it travels to the page as it is. */
export type Panel = TablePanel | MapPanel | LinesPanel | MetricsPanel;

interface Framed {
  readonly title: string;
  /** How many of the page's twelve columns it takes. */
  readonly span: number;
}

export interface Frame {
  readonly title: string;
  /** How many of the page's twelve columns it takes, from 3 to 12. Default 6. */
  readonly span?: number;
}

export interface Column {
  readonly field: string;
  readonly title: string;
  /** Written behind each value. */
  readonly unit?: string;
  /** Digits behind the point of a number. Default: as many as it has. */
  readonly digits?: number;
  /** "time": epoch ms as date and time. Default: by what the value is. */
  readonly as?: "time";
}

export interface Action {
  readonly label: string;
  /** Shown on rows that have these values only. */
  readonly when: Readonly<Record<string, string | number | boolean | null>>;
  /** Fields of the row that it gives new values. */
  readonly set: Readonly<Record<string, string | number | boolean | null>>;
  /** Where it puts a row of these fields of the row; undefined: nowhere. */
  readonly put: { readonly collection: string; readonly fields: readonly string[] } | undefined;
}

export interface TablePanel extends Framed {
  readonly kind: "table";
  readonly collection: string;
  readonly columns: readonly Column[];
  readonly where: Readonly<Record<string, unknown>>;
  readonly order: { readonly field: string; readonly descending: boolean } | undefined;
  readonly limit: number;
  readonly edit: boolean;
  readonly actions: readonly Action[];
}

export interface TableOptions<T> extends Frame {
  /** Fields by their names, or with a title and how they are written. */
  readonly columns: readonly (FieldOf<T> | ColumnOptions<T>)[];
  /** Only rows with these values. Default: all. */
  readonly where?: Where<T>;
  /** A field, or `-field` for the largest first. Default: by key. */
  readonly order?: FieldOf<T> | `-${FieldOf<T>}`;
  /** Rows at most. Default 100. */
  readonly limit?: number;
  /** Whether a person may add, change and delete rows. Default false. */
  readonly edit?: boolean;
  /** Buttons on each row. */
  readonly actions?: readonly ActionOptions<T>[];
}

/** A button that gives fields of its row new values, or puts a row of some of its fields into another collection. */
export interface ActionOptions<T> {
  readonly label: string;
  /** Only on rows with these values. Default: on all. */
  readonly when?: Where<T>;
  readonly set?: Where<T>;
  readonly put?: { readonly into: AnyCollection; readonly fields: readonly FieldOf<T>[] };
}

export interface ColumnOptions<T> extends Omit<Column, "field" | "title"> {
  readonly field: FieldOf<T>;
  /** Default: the field's name. */
  readonly title?: string;
}

/** Rows of a collection, live. */
export function table<T>(of: Collection<T>, options: TableOptions<T>): TablePanel {
  const { order, actions = [] } = options;
  return {
    kind: "table",
    ...framed(options),
    collection: of.name,
    columns: columnsOf(options.columns),
    where: options.where ?? {},
    order: order === undefined ? undefined : order.startsWith("-") ? { field: order.slice(1), descending: true } : { field: order, descending: false },
    limit: options.limit ?? 100,
    edit: options.edit ?? false,
    actions: actions.map(actionOf),
  };
}

export interface Layer {
  readonly collection: string;
  /** Degrees, WGS 84. */
  readonly latitude: string;
  readonly longitude: string;
  readonly label: string | undefined;
  /** "dot", or "signal": the two directions of a light, coloured each by its own field. */
  readonly shape: "dot" | "signal";
  readonly colour: Colour<Record<string, unknown>> | undefined;
  /** Of a signal: fields of the direction north to south and of east to west, each "green", "amber" or "red". */
  readonly signal: { readonly northSouth: string; readonly eastWest: string } | undefined;
  readonly where: Readonly<Record<string, unknown>>;
  readonly detail: readonly Column[];
}

export interface MapPanel extends Framed {
  readonly kind: "map";
  readonly layers: readonly Layer[];
}

export interface LayerOptions<T> {
  readonly latitude: FieldOf<T>;
  readonly longitude: FieldOf<T>;
  readonly label?: FieldOf<T>;
  /** How a place is coloured. Default: all alike. */
  readonly colour?: Colour<T>;
  /** Draws a traffic light: fields that are "green", "amber" or "red". */
  readonly signal?: { readonly northSouth: FieldOf<T>; readonly eastWest: FieldOf<T> };
  readonly where?: Where<T>;
  /** What is told of a place that is pointed at. */
  readonly detail?: readonly (FieldOf<T> | ColumnOptions<T>)[];
}

/** Rows of a collection as places of a map. */
export function places<T>(of: Collection<T>, options: LayerOptions<T>): Layer {
  return {
    collection: of.name,
    latitude: options.latitude,
    longitude: options.longitude,
    label: options.label,
    shape: options.signal === undefined ? "dot" : "signal",
    colour: options.colour,
    signal: options.signal,
    where: options.where ?? {},
    detail: columnsOf(options.detail ?? []),
  };
}

/** Places of one or several collections, the last ones on top. */
export function map(layers: readonly Layer[], frame: Frame): MapPanel {
  return { kind: "map", ...framed(frame), layers };
}

export interface LinesPanel extends Framed {
  readonly kind: "lines";
  readonly collection: string;
  /** A number or time of each row. */
  readonly x: string;
  readonly lines: readonly Column[];
  readonly where: Readonly<Record<string, unknown>>;
  readonly limit: number;
}

export interface LinesOptions<T> extends Frame {
  readonly x: FieldOf<T>;
  readonly lines: readonly (FieldOf<T> | ColumnOptions<T>)[];
  readonly where?: Where<T>;
  /** Rows at most, those with the largest x. Default 500. */
  readonly limit?: number;
}

/** Numbers of a collection's rows over time, or over another number. */
export function lines<T>(of: Collection<T>, options: LinesOptions<T>): LinesPanel {
  return {
    kind: "lines",
    ...framed(options),
    collection: of.name,
    x: options.x,
    lines: columnsOf(options.lines),
    where: options.where ?? {},
    limit: options.limit ?? 500,
  };
}

/** What the engine measures of a workflow while it runs. */
export type Measure = "rate" | "latency" | "backlog" | "watermarkLag";

export interface MetricsPanel extends Framed {
  readonly kind: "metrics";
  readonly measure: Measure;
  readonly workflows: readonly string[];
}

/** A measure of workflows over the last minutes: a line each. */
export function metrics(measure: Measure, of: readonly Workflow[], frame: Frame): MetricsPanel {
  return { kind: "metrics", ...framed(frame), measure, workflows: of.map(({ name }) => name) };
}

function actionOf<T>({ label, when = {}, set = {}, put }: ActionOptions<T>): Action {
  return { label, when, set, put: put && { collection: put.into.name, fields: put.fields } } as Action;
}

function framed({ title, span = 6 }: Frame): Framed {
  if (!(Number.isInteger(span) && span >= 3 && span <= 12)) {
    throw new MillraceError("MILLRACE_USAGE", `panel ${JSON.stringify(title)}`, `spans ${span} columns; give a whole number from 3 to 12`);
  }
  return { title, span };
}

function columnsOf<T>(given: readonly (FieldOf<T> | ColumnOptions<T>)[]): readonly Column[] {
  return given.map((column) => (typeof column === "string" ? { field: column, title: column } : { ...column, title: column.title ?? column.field }));
}
