import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { temporaryFolder } from "../cli/support.ts";
import { freePort, startDev } from "./dev-process.ts";

const SENDERS = ["ndjson-0", "ndjson-1", "events-0", "events-1"];
const BATCH = 50;

interface Sent {
  batches: number;
  /** Answers that were lost, so that a batch was sent again. */
  repeats: number;
}

/**
 * Senders post numbered batches, each until it is acknowledged, while the server is killed (SIGKILL) again
 * and again at random moments. In the end every number of every sender is in the topic exactly once, and
 * was counted once. Returns what was sent.
 */
export async function sendThroughKills(t: TestContext, kills: number): Promise<Sent> {
  const data = temporaryFolder(t);
  const port = await freePort();
  const over = new AbortController();
  const sent: Sent = { batches: 0, repeats: 0 };
  const send = async (sender: string): Promise<number> => {
    let batch = 0;
    for (; !over.signal.aborted; batch++) {
      for (let attempt = 1; ; attempt++) {
        if (await post(port, sender, batch)) break;
        sent.repeats++;
        await new Promise((resolve) => setTimeout(resolve, 10));
        assert.ok(attempt < 6000, "it did not come back within a minute");
      }
      sent.batches++;
    }
    return batch;
  };
  let running = await startDev(t, ["--data", data, "--log", "silent"], { port });
  const sending = SENDERS.map(send);
  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 400));
    await running.end("SIGKILL");
    running = await startDev(t, ["--data", data, "--log", "silent"], { port });
  }
  over.abort();
  const batches = await Promise.all(sending);

  const { url } = running;
  const missing = new Map(SENDERS.map((sender, i) => [sender, new Set(Array.from({ length: (batches[i] ?? 0) * BATCH }, (_, n) => n))]));
  for (let path = "/v1/topics/numbers/atoms?limit=10000"; ; ) {
    const { items, next } = (await (await fetch(url + path)).json()) as { items: { value: { sender: string; n: number } }[]; next: string };
    for (const { value } of items) assert.ok(missing.get(value.sender)?.delete(value.n) === true, `${value.sender} ${value.n} is there twice, or was never sent`);
    if (items.length === 0) break;
    path = `/v1/topics/numbers/atoms?limit=10000&cursor=${next}`;
  }
  for (const [sender, left] of missing) assert.equal(left.size, 0, `${sender} misses ${left.size} that were acknowledged`);

  const wanted = new Map(SENDERS.map((sender, i) => [sender, (batches[i] ?? 0) * BATCH]));
  for (let waited = 0; ; waited += 50) {
    const { items } = (await (await fetch(`${url}/v1/collections/seen/rows`)).json()) as { items: { row: { sender: string; numbers: number } }[] };
    const counted = new Map(items.map(({ row }) => [row.sender, row.numbers]));
    for (const [sender, number] of counted) assert.ok(number <= (wanted.get(sender) ?? 0), `${sender} was counted ${number} times`);
    if ([...wanted].every(([sender, number]) => (counted.get(sender) ?? 0) === number)) break;
    assert.ok(waited < 30_000, `counted ${JSON.stringify([...counted])} of ${JSON.stringify([...wanted])}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await running.end("SIGINT");
  return sent;
}

/** Whether the batch was acknowledged. */
async function post(port: number, sender: string, batch: number): Promise<boolean> {
  const rows = Array.from({ length: BATCH }, (_, i) => ({ sender, n: batch * BATCH + i }));
  const events = sender.startsWith("events");
  const body = events
    ? JSON.stringify(rows.map((data) => ({ specversion: "1.0", type: "number", source: `/${sender}`, id: String(data.n), data })))
    : rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const headers = events ? { "content-type": "application/cloudevents-batch+json" } : { "content-type": "application/x-ndjson", "idempotency-key": `${sender}-${batch}` };
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v1/topics/numbers/atoms`, { method: "POST", headers, body });
    const outcome = (await response.json()) as { appended: number; duplicates: number };
    if (response.status !== 200) return false;
    assert.equal(outcome.appended + outcome.duplicates, BATCH);
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return false;
  }
}
