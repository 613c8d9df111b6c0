import { route, type Route } from "../http/route.ts";
import { dashboardList } from "../schemas/dashboards.ts";
import { json } from "./answers.ts";
import type { RouteContext } from "./context.ts";

export function dashboardRoutes({ app: { dashboards } }: RouteContext): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/dashboards",
      id: "listDashboards",
      tag: "dashboards",
      summary: "The pages that are declared beside the workflows, with their panels.",
      answers: { 200: json("All of them, in the order of their files.", dashboardList) },
      handle: () => ({ status: 200, json: { items: dashboards } }),
    }),
  ];
}
