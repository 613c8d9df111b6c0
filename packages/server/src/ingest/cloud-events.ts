import type { IncomingHttpHeaders } from "node:http";
import type { Topic } from "@millrace/core";
import { LONGEST_REQUEST_KEY, ObjectRows, type RequestKey } from "@millrace/core/internal";
import type { BodyAccount } from "../http/body.ts";
import { parseJson } from "../http/json-body.ts";
import { RequestProblem } from "../http/problem.ts";
import { checkCounts, ROW_BYTES, type Decoded, type RefusedAtom } from "./decoded.ts";
import { check, rawText } from "./values.ts";

/**
 * CloudEvents 1.0 (HTTP protocol binding 1.0.2, JSON format 1.0.2). An atom is the event's data; its
 * time is the event's, where it has one. An event takes effect once for its source and id.
 */
export function decodeStructured(topic: Topic<unknown>, body: Buffer, account: BodyAccount): Decoded {
  return decodeEvents(topic, [parseJson(body)], account);
}

/** A batch: a JSON array of events. */
export function decodeBatch(topic: Topic<unknown>, body: Buffer, account: BodyAccount): Decoded {
  const events = parseJson(body);
  if (!Array.isArray(events)) throw new RequestProblem(400, "MILLRACE_DECODE", "request body", "is no batch of CloudEvents: send a JSON array of events");
  return decodeEvents(topic, events, account);
}

/** An event whose attributes are headers (`ce-id`, `ce-source`, …) and whose data is the body. */
export function decodeBinary(topic: Topic<unknown>, headers: IncomingHttpHeaders, body: Buffer, account: BodyAccount): Decoded {
  const event: Record<string, unknown> = { datacontenttype: headers["content-type"] };
  for (const [name, text] of Object.entries(headers)) if (name.startsWith("ce-")) event[name.slice(3)] = unescaped(String(text));
  if (isJson(event["datacontenttype"])) event["data"] = parseJson(body);
  else if (isText(event["datacontenttype"])) event["data"] = body.toString();
  else event["data"] = new Uint8Array(body);
  return decodeEvents(topic, [event], account);
}

/** Whether a request's headers say that it is an event of the binary mode. */
export function isBinaryEvent(headers: IncomingHttpHeaders): boolean {
  return headers["ce-specversion"] !== undefined;
}

function decodeEvents(topic: Topic<unknown>, events: readonly unknown[], account: BodyAccount): Decoded {
  checkCounts(topic.name, events.length, 0);
  account.take(events.length * ROW_BYTES);
  const values: unknown[] = [];
  const times: number[] = [];
  const keys: RequestKey[] = [];
  const refused: RefusedAtom[] = [];
  const now = Date.now();
  for (const [index, event] of events.entries()) {
    const read = readEvent(event);
    const identity = read.identity === undefined ? undefined : `${read.identity.source.length} ${read.identity.source} ${read.identity.id}`;
    const checked = "reason" in read ? read : check(topic, read.data);
    if ("reason" in checked || "reason" in read) {
      // What is malformed under an id may come again, corrected: its repeats are told apart from that.
      const key = identity === undefined ? {} : { key: { text: `${topic.name} malformed ${identity}`, fingerprint: 0 } };
      refused.push({ index, reason: "reason" in checked ? checked.reason : "", raw: rawText(event), ...key });
      continue;
    }
    values.push(checked.value);
    times.push(read.time ?? now);
    keys.push({ text: `${topic.name} event ${identity}`, fingerprint: 0 });
  }
  checkCounts(topic.name, 0, refused.length);
  return { parts: values.length === 0 ? [] : [{ rows: new ObjectRows(values), times: Float64Array.from(times), keys }], refused };
}

interface Identity {
  readonly source: string;
  readonly id: string;
}

type ReadEvent =
  | { readonly identity: Identity; readonly data: unknown; readonly time: number | undefined }
  | { readonly identity: Identity | undefined; readonly reason: string };

function readEvent(event: unknown): ReadEvent {
  if (typeof event !== "object" || event === null || Array.isArray(event)) return { identity: undefined, reason: "is no CloudEvent: not an object" };
  const attributes = event as Readonly<Record<string, unknown>>;
  const { specversion, id, source, type, time, datacontenttype } = attributes;
  for (const [name, text] of Object.entries({ specversion, id, source, type })) {
    if (typeof text !== "string" || text === "") return { identity: undefined, reason: `is no CloudEvent: its ${name} is missing` };
  }
  const identity = { source: source as string, id: id as string };
  if (identity.source.length + identity.id.length > LONGEST_REQUEST_KEY - ROOM) {
    return { identity: undefined, reason: `its source and id have more than ${LONGEST_REQUEST_KEY - ROOM} characters` };
  }
  if (specversion !== "1.0") return { identity, reason: `has specversion ${JSON.stringify(specversion)}, and only 1.0 is understood` };
  const at = time === undefined || time === null ? undefined : typeof time === "string" ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(at)) return { identity, reason: "its time is no RFC 3339 time" };
  const data = dataOf(attributes, datacontenttype);
  return "reason" in data ? { identity, reason: data.reason } : { identity, data: data.value, time: at };
}

/** Room in a key for the topic's name and the lengths. */
const ROOM = 160;

function dataOf(event: Readonly<Record<string, unknown>>, type: unknown): { readonly value: unknown } | { readonly reason: string } {
  if (!("data_base64" in event)) return { value: event["data"] ?? null };
  const text = event["data_base64"];
  if ("data" in event) return { reason: "has both data and data_base64" };
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return { reason: "its data_base64 is no base64" };
  const bytes = Buffer.from(text, "base64");
  if (!isJson(type)) return { value: isText(type) ? bytes.toString() : new Uint8Array(bytes) };
  try {
    return { value: JSON.parse(bytes.toString()) as unknown };
  } catch {
    return { reason: "its data is no JSON" };
  }
}

/** Absent means JSON. */
function isJson(type: unknown): boolean {
  return type === undefined || type === null || (typeof type === "string" && /^[^;]*[/+]json\s*(;|$)/i.test(type));
}

function isText(type: unknown): boolean {
  return typeof type === "string" && /^text\//i.test(type);
}

/** Header values are percent-encoded where they are not plain ASCII. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
