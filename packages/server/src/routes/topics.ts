import { z } from "zod";
import { cursorText, numbersOf } from "../http/cursor.ts";
import { problemOf } from "../http/problem.ts";
import { route, type Reply, type Route } from "../http/route.ts";
import { MEDIA_TYPES } from "../ingest/ingest.ts";
import { name } from "../schemas/common.ts";
import { atomPage, atomQuery, ingested, ingestQuery, tailQuery, topicList, topicState } from "../schemas/topics.ts";
import { EventStream } from "../sse/event-stream.ts";
import { TopicTail } from "../sse/topic-tail.ts";
import type { TopicState } from "../types.ts";
import { badRequest, events, json, notFound, refusal } from "./answers.ts";
import type { RouteContext } from "./context.ts";

const params = z.object({ topic: name });

export function topicRoutes({ app, ingest, events: stream }: RouteContext): Route[] {
  const { topics } = app;
  const tails = new Map<string, TopicTail>();
  return [
    route({
      method: "GET",
      path: "/v1/topics",
      id: "listTopics",
      tag: "topics",
      summary: "The topics that workflows read or write, and their dead letters, with the offsets that they hold.",
      answers: { 200: json("All of them, by name.", topicList) },
      handle: async () => ({ status: 200, json: { items: await topics.list() } }),
    }),
    route({
      method: "GET",
      path: "/v1/topics/{topic}",
      id: "getTopic",
      tag: "topics",
      summary: "A topic and the offsets that it holds.",
      params,
      answers: { 200: json("The topic.", topicState), ...notFound },
      handle: async ({ params: { topic } }) => ({ status: 200, json: await topics.state(topic) }),
    }),
    route({
      method: "GET",
      path: "/v1/topics/{topic}/atoms",
      id: "readTopic",
      tag: "topics",
      summary: "Atoms of a partition of a topic, in their order.",
      params,
      query: atomQuery,
      answers: { 200: json("Atoms, and where to go on.", atomPage), ...badRequest, ...notFound, 410: refusal("Retention has passed the offset.") },
      handle: async ({ params: { topic }, query }) => {
        const state = await topics.state(topic);
        const place = query.cursor === undefined ? undefined : numbersOf(query.cursor, 2);
        const partition = place?.[0] ?? query.partition;
        const range = state.partitions[partition] ?? { start: 0, end: 0 };
        const from = place?.[1] ?? (query.from === "start" ? range.start : query.from === "end" ? range.end : query.from);
        const items = await topics.read(topic, partition, from, query.limit);
        return { status: 200, json: { items, next: cursorText([partition, Math.max(from, (items.at(-1)?.offset ?? -1) + 1)]) } };
      },
    }),
    route({
      method: "POST",
      path: "/v1/topics/{topic}/atoms",
      id: "appendAtoms",
      tag: "topics",
      summary: "Appends atoms; they are durable when it is answered.",
      description:
        "One atom or many: a JSON value or array of values, NDJSON, or CloudEvents 1.0 (structured, batch, and binary by ce- headers). " +
        "All atoms of a request become real in one commit. A request with an Idempotency-Key takes effect once, and so does each CloudEvent by its source and id: " +
        "keys are kept for at least 24 hours, unless they take more than 64 MiB together, when the oldest go first. " +
        "Bodies may be packed (Content-Encoding: gzip or zstd).",
      params,
      query: ingestQuery,
      headers: { "Idempotency-Key": "1 to 255 visible ASCII characters that name this request; the same key with another body is refused (409)." },
      body: [
        { type: MEDIA_TYPES.json[0], description: "A value, or an array of values." },
        { type: MEDIA_TYPES.ndjson[0], description: "A JSON object a line: the fastest way." },
        { type: MEDIA_TYPES.event[0], description: "A CloudEvent; its data is the atom." },
        { type: MEDIA_TYPES.events[0], description: "An array of CloudEvents." },
      ],
      answers: {
        200: json("At least one atom is durable, or was before.", ingested),
        ...badRequest,
        ...notFound,
        409: refusal("The Idempotency-Key was used for another request."),
        413: refusal("The body is too large, as it is or unpacked."),
        415: refusal("The content type or encoding is not understood."),
        422: refusal("All atoms are malformed, or one is and `malformed=refuse` was asked for."),
        429: refusal("Too much waits to be worked on: send it again after Retry-After seconds."),
      },
      handle: async ({ params: { topic }, query, request }) => ({ status: 200, json: await ingest.take(topic, request, query.malformed === "keep") }),
    }),
    route({
      method: "GET",
      path: "/v1/topics/{topic}/events",
      id: "followTopic",
      tag: "topics",
      summary: "Atoms of a topic as they come, as server-sent events.",
      params,
      query: tailQuery,
      headers: { "Last-Event-ID": "The id of the last event that was seen: it goes on behind it." },
      answers: {
        200: events("Events `atoms`, whose data is { items } with atoms; ids are the offsets to go on from. An event `problem` ends it, where retention has passed the position."),
        ...badRequest,
        ...notFound,
      },
      handle: async ({ params: { topic }, query, request, response, gone }): Promise<Reply> => {
        const positions = positionsOf(await topics.state(topic), request.headers["last-event-id"], query.from);
        let tail = tails.get(topic);
        if (tail === undefined) tails.set(topic, (tail = new TopicTail(topics, topic)));
        const sent = new EventStream(response, stream);
        const leave = tail.follow(sent, positions, (error) => {
          sent.send("problem", JSON.stringify(problemOf(error).body));
          sent.end();
        });
        gone.addEventListener("abort", leave, { once: true });
        return "taken";
      },
    }),
  ];
}

/** Where to begin in each partition: behind the last event that was seen, else where it was asked for. */
function positionsOf({ partitions }: TopicState, last: string | string[] | undefined, from: "start" | "end"): number[] {
  const seen = typeof last === "string" && /^\d{1,15}(,\d{1,15})*$/.test(last) ? last.split(",").map(Number) : [];
  return partitions.map((range, i) => seen[i] ?? range[from]);
}
