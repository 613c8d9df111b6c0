import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Topic } from "@millrace/core";
import { ObjectRows, type AppendPart, type AppendRequest, type RequestKey } from "@millrace/core/internal";
import { readBody, type BodyAccount, type BodyRoom } from "../http/body.ts";
import { RequestProblem } from "../http/problem.ts";
import { unpack } from "../http/unpack.ts";
import type { TopicsPort } from "../port.ts";
import type { Ingested, MalformedAtom } from "../types.ts";
import { decodeBatch, decodeBinary, decodeStructured, isBinaryEvent } from "./cloud-events.ts";
import type { Decoded, RefusedAtom } from "./decoded.ts";
import { linesDecoder, type LinesDecoder } from "./ndjson.ts";
import { decodeJson } from "./values.ts";

/** What a request for atoms may be made of. */
export const MEDIA_TYPES = {
  json: ["application/json"],
  ndjson: ["application/x-ndjson", "application/ndjson", "application/jsonl"],
  event: ["application/cloudevents+json"],
  events: ["application/cloudevents-batch+json"],
} as const;

/** Takes atoms in over HTTP: reads, unpacks and decodes bodies, and answers when they are durable. */
export class HttpIngest {
  readonly #topics: TopicsPort;
  readonly #room: BodyRoom;
  readonly #decoders = new WeakMap<Topic<unknown>, LinesDecoder>();

  constructor(topics: TopicsPort, room: BodyRoom) {
    this.#topics = topics;
    this.#room = room;
  }

  /**
   * Appends a request's atoms to a topic. With `keepMalformed` those that are malformed become dead
   * letters in the same commit; without, one of them refuses the whole request (422).
   */
  async take(name: string, request: IncomingMessage, keepMalformed: boolean): Promise<Ingested> {
    const topic = this.#topics.appendable(name);
    const format = formatOf(request);
    if (this.#topics.isBehind(name)) throw behind(name);
    const account = this.#room.open();
    try {
      const packed = await readBody(request, account);
      const body = await unpack(packed, request.headers["content-encoding"], account);
      const decoded = await this.#decode(topic, format, request, { body, account });
      const { parts, refused } = decoded;
      if (parts.length === 0 && refused.length === 0) {
        throw new RequestProblem(400, "MILLRACE_USAGE", `topic ${name}`, "the request has no atom; send at least one");
      }
      if (refused.length > 0 && !keepMalformed) throw malformedProblem(name, refused, "nothing was appended");
      const key = requestKey(name, request, body);
      const given = requestOf(topic, decoded, key);
      const appended = await this.#topics.append(given);
      if (parts.length === 0) throw malformedProblem(name, refused, `they were put to the dead letters of the topic, ${name}.dead`);
      return outcomeOf(decoded, appended);
    } finally {
      account.close();
    }
  }

  #decode(topic: Topic<unknown>, format: Format, request: IncomingMessage, { body, account }: { readonly body: Buffer; readonly account: BodyAccount }): Decoded | Promise<Decoded> {
    switch (format) {
      case "ndjson": {
        let decoder = this.#decoders.get(topic);
        if (decoder === undefined) this.#decoders.set(topic, (decoder = linesDecoder(topic)));
        return decoder(body, account);
      }
      case "event":
        return decodeStructured(topic, body, account);
      case "events":
        return decodeBatch(topic, body, account);
      case "binary":
        return decodeBinary(topic, request.headers, body, account);
      default:
        return decodeJson(topic, body, account);
    }
  }
}

type Format = keyof typeof MEDIA_TYPES | "binary";

/** How many malformed atoms an answer tells of. */
const MOST_TOLD = 100;

function formatOf(request: IncomingMessage): Format {
  const { headers } = request;
  const type = (headers["content-type"] ?? "").split(";", 1)[0].trim().toLowerCase();
  for (const [format, types] of Object.entries(MEDIA_TYPES)) if (format.startsWith("event") && (types as readonly string[]).includes(type)) return format as Format;
  if (isBinaryEvent(headers)) return "binary";
  for (const [format, types] of Object.entries(MEDIA_TYPES)) if ((types as readonly string[]).includes(type)) return format as Format;
  const known = Object.values(MEDIA_TYPES).flat().join(", ");
  throw new RequestProblem(415, "MILLRACE_USAGE", `content type ${JSON.stringify(type.slice(0, 100))}`, `is not taken here; send one of ${known} (with curl: -H 'content-type: application/json')`, { headers: { "accept-post": known } });
}

/** The key of a request that names itself (Idempotency-Key), which takes effect once. */
function requestKey(topic: string, { headers }: IncomingMessage, body: Buffer): RequestKey | undefined {
  const given = headers["idempotency-key"];
  if (given === undefined) return undefined;
  const text = String(given).replace(/^"(.*)"$/, "$1");
  if (!/^[\x21-\x7e]{1,255}$/.test(text)) {
    throw new RequestProblem(400, "MILLRACE_USAGE", "header Idempotency-Key", "must have 1 to 255 visible ASCII characters, such as a UUID");
  }
  const digest = createHash("sha256").update(`${headers["content-type"] ?? ""}\n`).update(body).digest();
  return { text: `${topic} request ${text}`, fingerprint: 1 + digest.readUIntBE(0, 6) };
}

function behind(topic: string): RequestProblem {
  return new RequestProblem(429, "MILLRACE_OVERLOADED", `topic ${topic}`, "so many atoms wait for its slowest reader that no more are taken; send them again a little later", { headers: { "retry-after": "1" }, retryable: true });
}

function requestOf(topic: Topic<unknown>, { parts, refused }: Decoded, key: RequestKey | undefined): AppendRequest {
  const appends: AppendPart[] = parts.map((part) => ({ topic, ...part }));
  const dead = { name: `${topic.name}.dead`, partitions: 1, key: undefined };
  const [keyed, others] = [refused.filter((one) => one.key !== undefined), refused.filter((one) => one.key === undefined)];
  const letters = (of: readonly RefusedAtom[]): ObjectRows => new ObjectRows(of.map((one) => letterOf(topic.name, one)));
  if (keyed.length > 0) appends.push({ topic: dead, rows: letters(keyed), keys: keyed.flatMap((one) => one.key ?? []) });
  if (others.length > 0) appends.push({ topic: dead, rows: letters(others) });
  return key === undefined ? { parts: appends } : { parts: appends, key };
}

/** A dead letter as the engine writes those of sources. */
function letterOf(topic: string, { line, index, raw, reason }: RefusedAtom): Readonly<Record<string, string>> {
  return { topic, position: line === undefined ? `request, item ${index}` : `request, line ${line}`, raw, reason };
}

function outcomeOf({ parts, refused }: Decoded, outcome: readonly number[]): Ingested {
  let appended = 0;
  let rows = 0;
  for (const [i, part] of parts.entries()) {
    appended += outcome[i];
    rows += part.rows.length;
  }
  return { appended, duplicates: rows - appended, refused: refused.length, malformed: refused.slice(0, MOST_TOLD).map(told) };
}

function malformedProblem(topic: string, refused: readonly RefusedAtom[], outcome: string): RequestProblem {
  const count = `${refused.length} ${refused.length === 1 ? "atom is" : "atoms are"} malformed`;
  return new RequestProblem(422, "MILLRACE_SCHEMA", `topic ${topic}`, `${count}, ${outcome}: ${refused[0]?.reason ?? ""}`, { malformed: refused.slice(0, MOST_TOLD).map(told) });
}

function told({ line, index, reason }: RefusedAtom): MalformedAtom {
  return { ...(line === undefined ? {} : { line }), ...(index === undefined ? {} : { index }), reason };
}
