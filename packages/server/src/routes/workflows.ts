import { z } from "zod";
import { route, type Route } from "../http/route.ts";
import { name } from "../schemas/common.ts";
import { workflowList, workflowPlan } from "../schemas/workflows.ts";
import { json, notFound } from "./answers.ts";
import type { RouteContext } from "./context.ts";

export function workflowRoutes({ app }: RouteContext): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/workflows",
      id: "listWorkflows",
      tag: "workflows",
      summary: "The workflows that run, with what they read and write.",
      answers: { 200: json("All of them, by name.", workflowList) },
      handle: () => ({ status: 200, json: { items: app.workflows.list() } }),
    }),
    route({
      method: "GET",
      path: "/v1/workflows/{workflow}",
      id: "getWorkflow",
      tag: "workflows",
      summary: "The plan of a workflow: stages, operators, exchanges, combiners, slices.",
      params: z.object({ workflow: name }),
      answers: { 200: json("Its plan.", workflowPlan), ...notFound },
      handle: ({ params }) => ({ status: 200, json: app.workflows.plan(params.workflow) }),
    }),
  ];
}
