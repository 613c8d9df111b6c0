import type { Topic } from "@millrace/core";
import { issuesText, ObjectRows } from "@millrace/core/internal";
import { RequestProblem } from "../http/problem.ts";
import type { BodyAccount } from "../http/body.ts";
import { checkCounts, faultOf, ROW_BYTES, type Decoded, type RefusedAtom } from "./decoded.ts";

/** JSON is read as a whole, into objects that take many times its length. */
const LONGEST_JSON = 8 * 1024 * 1024;

/** The value of a JSON body. Throws 400 where it is none, and 413 where it has more than 8 MiB. */
export function parseJson(body: Buffer): unknown {
  if (body.length > LONGEST_JSON) {
    throw new RequestProblem(413, "MILLRACE_USAGE", "request body", `has ${body.length} bytes of JSON, and at most ${LONGEST_JSON} are read at once; send NDJSON, or several requests`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RequestProblem(400, "MILLRACE_DECODE", "request body", `is no JSON in UTF-8: ${reason}`, { cause: error });
  }
}

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
