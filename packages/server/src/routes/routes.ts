import { route, type Route } from "../http/route.ts";
import { openApi } from "../openapi/document.ts";
import { collectionRoutes } from "./collections.ts";
import type { RouteContext } from "./context.ts";
import { dashboardRoutes } from "./dashboards.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { editRoutes } from "./edits.ts";
import { metricsRoutes } from "./metrics.ts";
import { topicRoutes } from "./topics.ts";
import { workflowRoutes } from "./workflows.ts";

/** All operations of the API, with the one that describes them. */
export function allRoutes(context: RouteContext, version: string): readonly Route[] {
  const routes: Route[] = [workflowRoutes, metricsRoutes, topicRoutes, collectionRoutes, editRoutes, deadLetterRoutes, dashboardRoutes].flatMap((make) => make(context));
  let document: object | undefined;
  routes.push(
    route({
      method: "GET",
      path: "/openapi.json",
      id: "getDescription",
      tag: "description",
      summary: "This description: OpenAPI 3.1.",
      answers: { 200: { description: "The document.", type: "application/json" } },
      handle: () => ({ status: 200, json: (document ??= openApi(routes, version)) }),
    }),
  );
  return routes;
}
