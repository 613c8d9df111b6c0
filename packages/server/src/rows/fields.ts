import { RequestProblem } from "../http/problem.ts";

/** The value of `field`, or of `field.inner` of an object inside the row; undefined where there is none. */
export function fieldOf(row: unknown, field: string): unknown {
  if (typeof row !== "object" || row === null) return undefined;
  if (Object.hasOwn(row, field)) return (row as Record<string, unknown>)[field];
  const dot = field.indexOf(".");
  if (dot === -1 || !Object.hasOwn(row, field.slice(0, dot))) return undefined;
  return fieldOf((row as Record<string, unknown>)[field.slice(0, dot)], field.slice(dot + 1));
}

/** Orders values of a field: numbers, then texts, then the rest by their text; what is missing comes last. */
export function compareValues(a: unknown, b: unknown): number {
  const kind = kindOf(a) - kindOf(b);
  if (kind !== 0) return kind;
  const x = comparable(a);
  const y = comparable(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Whether a field has no value that could be ordered. */
export function isMissing(value: unknown): boolean {
  return kindOf(value) === MISSING;
}

/** Whether a row is wanted. */
export type Condition = (row: unknown) => boolean;

/** `field=value` and the like, all of which must hold. Throws 400 where one is not of that form. */
export function conditionsOf(texts: readonly string[]): Condition {
  const conditions = texts.map(conditionOf);
  return (row) => conditions.every((holds) => holds(row));
}

function conditionOf(text: string): Condition {
  const [, field = "", operator = "", given = ""] = /^([^=!<>]+)(!=|>=|<=|=|>|<)(.*)$/s.exec(text) ?? [];
  if (field === "") {
    throw new RequestProblem(400, "MILLRACE_USAGE", `where ${JSON.stringify(text.slice(0, 100))}`, "is no condition; write field=value, or one of != > >= < <=");
  }
  const wanted = valueOf(given);
  return (row) => {
    const value = fieldOf(row, field) ?? null;
    const order = kindOf(value) === kindOf(wanted) ? compareValues(value, wanted) : Number.NaN;
    switch (operator) {
      case "=":
        return order === 0;
      case "!=":
        return order !== 0;
      case ">":
        return order > 0;
      case ">=":
        return order >= 0;
      case "<":
        return order < 0;
      default:
        return order <= 0;
    }
  };
}

/** JSON where the text is some, else the text itself. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function kindOf(value: unknown): number {
  if (typeof value === "number" || typeof value === "bigint" || value instanceof Date) return 0;
  if (typeof value === "string") return 1;
  return value === undefined || value === null || Number.isNaN(value) ? MISSING : 2;
}

const MISSING = 3;

function comparable(value: unknown): number | string | bigint {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "string") return value;
  if (value instanceof Date) return value.getTime();
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
