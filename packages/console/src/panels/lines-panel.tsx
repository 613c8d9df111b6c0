import type { ReactNode } from "react";
import { at } from "../values/paths.ts";
import { shown } from "../values/shown.ts";
import { useLive } from "../wire/live.ts";
import { rowsOf } from "../wire/rows.ts";
import type { LinesPanel as Panel } from "../wire/types.ts";
import { Chart } from "./chart.tsx";
import { Frame } from "./frame.tsx";

/** Numbers of a collection's rows as lines; x is event time where it can only be that. */
export function LinesPanel({ panel }: { readonly panel: Panel }): ReactNode {
  const { value: rows, connection } = useLive(rowsOf(panel.collection));
  const found = shown(rows, { where: panel.where, order: { field: panel.x, descending: true }, limit: panel.limit }).toReversed();
  const x = found.map(([, row]) => Number(at(row, panel.x)));
  const time = x.length > 0 && x.every((value) => value > YEAR_2000) ? "event" : undefined;
  const lines = panel.lines.map((line) => ({ title: line.title, unit: line.unit, values: found.map(([, row]) => number(at(row, line.field))) }));
  return (
    <Frame title={panel.title} connection={connection}>
      <Chart label={panel.title} x={x} time={time} lines={lines} />
    </Frame>
  );
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

const YEAR_2000 = 946_684_800_000;
