import type { Workflow } from "@millrace/core";
import { durationText } from "@millrace/core/internal";

type NodeSpec = Workflow["nodes"][number]["spec"];
type WindowSpec = Extract<NodeSpec, { kind: "window" }>["window"];

/** What an operator does, in a few words: "window tumbling 1h: value, count". */
export function describeOperator(spec: NodeSpec): string {
  switch (spec.kind) {
    case "source":
      return [
        `from ${spec.collection === undefined ? spec.topic.name : `collection ${spec.collection.name}`}`,
        ...(spec.outOfOrderness > 0 ? [`out of order by ${durationText(spec.outOfOrderness)}`] : []),
        ...(spec.delay > 0 ? [`delayed by ${durationText(spec.delay)}`] : []),
      ].join(", ");
    case "branch":
      return `branch ${spec.names.join(", ")}`;
    case "distinct":
      return spec.within === Infinity ? "distinct" : `distinct within ${durationText(spec.within)}`;
    case "window":
      return `window ${describeWindow(spec.window)}: ${spec.aggregates.map(({ name }) => name).join(", ")}${extras(spec)}`;
    case "top":
      return `top ${spec.size} per window`;
    case "join":
      return spec.on.kind === "window" ? `${spec.join} join in window ${describeWindow(spec.on.window)}` : `${spec.join} join, -${durationText(spec.on.before)} to +${durationText(spec.on.after)}`;
    case "enrich":
      return "enrich as of event time";
    case "lookup":
      return "enrich as of arrival";
    case "sink":
      return `to ${spec.target.kind} ${spec.target.name}`;
    default:
      return spec.kind;
  }
}

/** The length of the slices that a window's state is kept in; undefined where it has none. */
function sliceOf(window: WindowSpec): number | undefined {
  if (window.kind === "tumbling") return window.size;
  return window.kind === "sliding" ? greatestDivisor(window.size, window.slide) : undefined;
}

function describeWindow(window: WindowSpec): string {
  switch (window.kind) {
    case "tumbling":
      return `tumbling ${durationText(window.size)}`;
    case "sliding":
      return `sliding ${durationText(window.size)} every ${durationText(window.slide)}, slices of ${durationText(sliceOf(window) ?? 0)}`;
    case "session":
      return `session, gap ${durationText(window.gap)}`;
    case "carried":
      return "of its rows";
    case "global":
      return "global";
    default:
      return "other";
  }
}

function extras({ lateness, early }: Extract<NodeSpec, { kind: "window" }>): string {
  return `${lateness > 0 ? `, lateness ${durationText(lateness)}` : ""}${early < Infinity ? `, early every ${durationText(early)}` : ""}`;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
