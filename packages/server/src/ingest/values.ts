import type { Topic } from "@millrace/core";
import { issuesText, ObjectRows } from "@millrace/core/internal";
import { parseJson } from "../http/json-body.ts";
import { RequestProblem } from "../http/problem.ts";
import type { BodyAccount } from "../http/body.ts";
import { checkCounts, faultOf, ROW_BYTES, type Decoded, type RefusedAtom } from "./decoded.ts";

/** One value, or an array of values, as atoms of a topic. */
export function decodeJson(topic: Topic<unknown>, body: Buffer, account: BodyAccount): Decoded {
  const parsed = parseJson(body);
  const given: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  checkCounts(topic.name, given.length, 0);
  account.take(given.length * ROW_BYTES);
  const values: unknown[] = [];
  const refused: RefusedAtom[] = [];
  for (const [index, value] of given.entries()) {
    const checked = check(topic, value);
    if ("reason" in checked) refused.push({ index, reason: checked.reason, raw: rawText(value) });
    else values.push(checked.value);
  }
  checkCounts(topic.name, 0, refused.length);
  return { parts: values.length === 0 ? [] : [{ rows: new ObjectRows(values) }], refused };
}

/** What the topic's schema makes of a value, or why it refuses it. */
export function check(topic: Topic<unknown>, value: unknown): { readonly value: unknown } | { readonly reason: string } {
  let valid = value;
  if (topic.schema !== undefined) {
    const result = topic.schema["~standard"].validate(value);
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new RequestProblem(500, "MILLRACE_SCHEMA", `topic ${topic.name}`, "its schema validates asynchronously; use one that answers at once");
    }
    if (result.issues !== undefined) return { reason: issuesText(result.issues) };
    valid = result.value;
  }
  const reason = faultOf(topic, valid);
  return reason === undefined ? { value: valid } : { reason };
}

/** A value's text for the dead letters, from which it can be read again. */
export function rawText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return "(nested too deeply to be written)";
  }
}
