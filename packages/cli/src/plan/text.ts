import { durationText } from "@millrace/core/internal";
import { columns } from "../columns.ts";
import { counted } from "../say.ts";
import type { PlanShape } from "./shape.ts";

/** A plan for a person: stages with their operators, what crosses between them, what is combined. */
export function planText(plan: PlanShape): string {
  const { workflow, cut, stages, exchanges, combiners, slices } = plan;
  const lines = [`workflow ${workflow}: cut ${cut}, ${counted(stages.length, "stage")}, ${counted(exchanges.length, "exchange")}`, ""];
  const rows = stages.flatMap(({ stage, distribution, partitions, operators }) =>
    operators.map(({ id, role, does, inputs }, at) => [
      at === 0 ? String(stage) : "",
      at === 0 ? distribution : "",
      at === 0 ? String(partitions) : "",
      id,
      role === "whole" ? "" : role,
      does,
      inputs.join(", "),
    ]),
  );
  lines.push(...columns([["stage", "distributed", "partitions", "operator", "role", "what", "input"], ...rows]));
  if (exchanges.length > 0) {
    const crossing = exchanges.map(({ kind, from, fromStage, to, toStage, keyBy, links }, at) => [
      String(at),
      `${fromStage} -> ${toStage}`,
      `${from} -> ${to}`,
      kind === "hash" ? `by ${keyBy ?? "key"}` : kind,
      String(links),
      combiners.includes(to) ? "partial results" : "rows",
    ]);
    lines.push("", ...columns([["exchange", "stages", "operators", "routed", "links", "carries"], ...crossing]));
  }
  lines.push("", `combined before a shuffle: ${combiners.join(", ") || "nothing"}`);
  for (const { input, milliseconds, windows } of slices) lines.push(`slices of ${durationText(milliseconds)} over ${input}: ${windows.join(", ")}`);
  return `${lines.join("\n")}\n`;
}
