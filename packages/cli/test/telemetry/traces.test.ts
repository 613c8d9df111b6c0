import assert from "node:assert/strict";
import { test } from "node:test";
import { trace, type Span, type Tracer } from "@opentelemetry/api";
import { fields, topic, workflow } from "millrace";
import { requestTracer, traceSteps } from "../../src/telemetry/traces.ts";
import { startLoaded } from "../../src/start-loaded.ts";

test("requests and steps are spans of whoever registered for them", async () => {
  const spans: { name: string; attributes: Record<string, unknown>; ended: boolean }[] = [];
  const startSpan: Tracer["startSpan"] = (name, options) => {
    const made = { name, attributes: { ...options?.attributes } as Record<string, unknown>, ended: false };
    spans.push(made);
    return {
      setAttribute: (key: string, value: unknown) => (made.attributes[key] = value),
      recordException: (error: Error) => (made.attributes["error"] = error.message),
      setStatus: () => undefined,
      end: () => (made.ended = true),
    } as unknown as Span;
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as unknown as Tracer });
  try {
    const span = requestTracer().request("GET /v1/topics", {});
    span.set("http.response.status_code", 500);
    span.fail(new Error("no"));
    span.end();
    assert.deepEqual(spans.slice(), [{ name: "GET /v1/topics", attributes: { "http.response.status_code": 500, error: "no" }, ended: true }]);

    const numbers = topic("numbers", { schema: fields({ n: "integer" }) });
    const copy = workflow("copy", (flow) => flow.from(numbers).to(topic("out")));
    const { app } = await startLoaded({ workflows: [copy], sources: new Map(), modules: [], dashboards: [], collections: [] }, {}, traceSteps);
    await app.topic(numbers).append([{ n: 1 }, { n: 2 }]);
    while ((await app.metrics()).atomsOut < 2) await new Promise(setImmediate);
    await app.stop();
    const step = spans.find(({ attributes }) => attributes["millrace.atoms_in"] === 2);
    assert.deepEqual([step?.name, step?.ended, step?.attributes["millrace.outcome"], step?.attributes["millrace.atoms_out"]], ["step", true, "applied", 2]);
  } finally {
    trace.disable();
  }
});
