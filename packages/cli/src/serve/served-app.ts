import type { Dashboard } from "@millrace/core/dashboards";
import { prometheusText } from "@millrace/drivers/prometheus";
import type { ServedApp } from "@millrace/server";
import type { Started } from "../start-loaded.ts";
import { servedCollections } from "./served-collections.ts";
import { servedDeadLetters } from "./served-dead-letters.ts";
import { servedTopics } from "./served-topics.ts";
import { servedWorkflows } from "./served-workflows.ts";

/** A running app as the server sees it. */
export function servedApp(started: Started, dashboards: readonly Dashboard[]): ServedApp {
  const { app } = started;
  let failure: string | undefined;
  app.finished.catch((error: unknown) => {
    failure = error instanceof Error ? error.message : String(error);
  });
  return {
    workflows: servedWorkflows(started.runtime.plans),
    topics: servedTopics(started),
    collections: servedCollections(started),
    deadLetters: servedDeadLetters(started),
    dashboards,
    metrics: () => app.metrics(),
    prometheus: async () => prometheusText(await app.metrics(), await import("prom-client")),
    health: () => (failure === undefined ? { status: "ok" } : { status: "failed", reason: failure }),
  };
}
