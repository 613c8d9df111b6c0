import assert from "node:assert/strict";
import { test } from "node:test";
import { sink, topic, workflow } from "millrace";
import { serve, until } from "./support.ts";

test("while a workflow is behind, more is refused with 429 and Retry-After, and taken once it has caught up", async (t) => {
  const gate = Promise.withResolvers<void>();
  t.after(() => gate.resolve());
  const slow = workflow("slow", (flow) => flow.from(topic<{ text: string }>("jobs")).to(sink("outside", { rows: 10, write: () => gate.promise })));
  const { call, ask } = await serve(t, { workflows: [slow], start: { maxWaiting: 1000 } });
  // Large enough that what the sink's stage takes in ahead is soon full.
  const batch = Array.from({ length: 500 }, () => ({ text: "x".repeat(4000) }));
  const post = (): Promise<Response> => call("/v1/topics/jobs/atoms", { json: batch });
  let accepted = 0;
  const refused = await until(async () => {
    const response = await post();
    if (response.status === 200) accepted++;
    return response;
  }, ({ status }) => status !== 200);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "1");
  const problem = (await refused.json()) as { code: string; retryable: boolean };
  assert.deepEqual([problem.code, problem.retryable], ["MILLRACE_OVERLOADED", true]);
  gate.resolve();
  await until(async () => (await post()).status, (status) => status === 200);
  accepted++;
  const { partitions } = (await ask("/v1/topics/jobs")) as { partitions: { end: number }[] };
  assert.equal(partitions[0]?.end, accepted * batch.length);
});
