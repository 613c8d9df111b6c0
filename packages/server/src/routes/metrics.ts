import { z } from "zod";
import { route, type Route } from "../http/route.ts";
import { name } from "../schemas/common.ts";
import { health, metrics, stageList } from "../schemas/metrics.ts";
import { EventStream } from "../sse/event-stream.ts";
import { LatestFeed } from "../sse/latest-feed.ts";
import { events, json } from "./answers.ts";
import type { RouteContext } from "./context.ts";
import { metricsOf } from "./measured.ts";

/** How often metrics are sent to those who listen, ms. */
const EVERY = 1000;

export function metricsRoutes({ app, events: stream }: RouteContext): Route[] {
  const started = Date.now();
  const measure = async (): Promise<ReturnType<typeof metricsOf>> => metricsOf(await app.metrics(), Date.now());
  const feed = new LatestFeed(measure, EVERY);
  const healthOf = (): object => ({ ...app.health(), uptime: (Date.now() - started) / 1000 });
  return [
    route({
      method: "GET",
      path: "/v1/metrics",
      id: "getMetrics",
      tag: "metrics",
      summary: "All that is measured since the start: in total, of each stage, of each partition.",
      answers: { 200: json("The figures; times are in ms.", metrics) },
      handle: async () => ({ status: 200, json: await measure() }),
    }),
    route({
      method: "GET",
      path: "/v1/metrics/events",
      id: "followMetrics",
      tag: "metrics",
      summary: "The metrics once a second, as server-sent events.",
      answers: { 200: events("Events `metrics`, whose data is what /v1/metrics answers. A slow client misses some.") },
      handle: ({ response, gone }) => {
        const leave = feed.join(new EventStream(response, stream));
        gone.addEventListener("abort", leave, { once: true });
        return "taken";
      },
    }),
    route({
      method: "GET",
      path: "/v1/stages",
      id: "listStages",
      tag: "metrics",
      summary: "The stages of all workflows with what is measured of them.",
      query: z.object({ workflow: name.optional().describe("Only stages of this workflow.") }),
      answers: { 200: json("The stages, workflow by workflow.", stageList) },
      handle: async ({ query }) => {
        const { stages } = await measure();
        return { status: 200, json: { items: stages.filter(({ workflow }) => query.workflow === undefined || workflow === query.workflow) } };
      },
    }),
    route({
      method: "GET",
      path: "/metrics",
      id: "getPrometheus",
      tag: "metrics",
      summary: "The metrics in Prometheus' text format; names begin with millrace_.",
      answers: { 200: { description: "Text format 0.0.4.", type: "text/plain; version=0.0.4; charset=utf-8" } },
      handle: async () => ({ status: 200, text: await app.prometheus(), type: "text/plain; version=0.0.4; charset=utf-8" }),
    }),
    route({
      method: "GET",
      path: "/healthz",
      id: "getHealth",
      tag: "health",
      summary: "Whether the process lives and answers. Needs no token.",
      open: true,
      answers: { 200: json("It does.", health) },
      handle: () => ({ status: 200, json: healthOf() }),
    }),
    route({
      method: "GET",
      path: "/readyz",
      id: "getReadiness",
      tag: "health",
      summary: "Whether the workflows run. Needs no token.",
      open: true,
      answers: { 200: json("They run.", health), 503: json("A workflow cannot go on.", health) },
      handle: () => ({ status: app.health().status === "ok" ? 200 : 503, json: healthOf() }),
    }),
  ];
}
