import { z } from "zod";
import { cursorText, numbersOf } from "../http/cursor.ts";
import { readJson } from "../http/json-body.ts";
import { RequestProblem } from "../http/problem.ts";
import { route, type Route } from "../http/route.ts";
import { name } from "../schemas/common.ts";
import { deadLetterPage, deadLetterQuery, deadTopicList, replayed, replayRequest } from "../schemas/dead-letters.ts";
import { badRequest, json, notFound } from "./answers.ts";
import type { RouteContext } from "./context.ts";

const params = z.object({ topic: name });

export function deadLetterRoutes({ app: { deadLetters }, room }: RouteContext): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/dead-letters",
      id: "listDeadTopics",
      tag: "dead letters",
      summary: "The topics that have dead letters, with how many.",
      answers: { 200: json("All of them, by name.", deadTopicList) },
      handle: async () => ({ status: 200, json: { items: await deadLetters.list() } }),
    }),
    route({
      method: "GET",
      path: "/v1/dead-letters/{topic}",
      id: "listDeadLetters",
      tag: "dead letters",
      summary: "The dead letters of a topic, the oldest first: why, where, and what they hold.",
      params,
      query: deadLetterQuery,
      answers: { 200: json("Letters, and where to go on.", deadLetterPage), ...badRequest, ...notFound },
      handle: async ({ params: { topic }, query: { limit, cursor } }) => {
        const items = await deadLetters.read(topic, cursor === undefined ? 0 : numbersOf(cursor, 1)[0], limit + 1);
        if (items.length <= limit) return { status: 200, json: { items } };
        return { status: 200, json: { items: items.slice(0, limit), next: cursorText([items[limit].number]) } };
      },
    }),
    route({
      method: "POST",
      path: "/v1/dead-letters/{topic}/replay",
      id: "replayDeadLetters",
      tag: "dead letters",
      summary: "Appends the dead letters of a topic to it again, each once; what still cannot be read stays.",
      params,
      body: [{ type: "application/json", description: "Which; without a body all.", schema: replayRequest }],
      bodyOptional: true,
      answers: { 200: json("What became of them.", replayed), ...badRequest, ...notFound },
      handle: async ({ params: { topic }, request }) => {
        const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
        const parsed = replayRequest.safeParse(length === "0" && encoding === undefined ? {} : await readJson(request, room));
        if (!parsed.success) throw new RequestProblem(400, "MILLRACE_USAGE", "request body", 'names no letters; send { "numbers": [0, 1] }, or nothing for all');
        return { status: 200, json: await deadLetters.replay(topic, parsed.data.numbers) };
      },
    }),
  ];
}
