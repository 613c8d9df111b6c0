/**
 * Posts NDJSON batches to a topic for some seconds over keep-alive connections, each with the next
 * batch once the last is acknowledged, and prints what was acknowledged as JSON.
 * Arguments: URL of the atoms, connections, atoms a batch, seconds.
 */
import { Agent, request } from "node:http";

const [url = "", connections = "4", atomsPerBatch = "1000", seconds = "10"] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const bodies = Array.from({ length: 16 }, (_, i) => batchOf(i, Number(atomsPerBatch)));
const taken: number[] = [];
let atoms = 0;
let refused = 0;
const begun = performance.now();
const end = begun + Number(seconds) * 1000;

await Promise.all(Array.from({ length: Number(connections) }, (_, connection) => keepPosting(connection)));
taken.sort((a, b) => a - b);
const share = (part: number): number => taken[Math.floor((taken.length - 1) * part)] ?? Number.NaN;
console.log(JSON.stringify({ atoms, refused, seconds: (performance.now() - begun) / 1000, p50: share(0.5), p99: share(0.99) }));
agent.destroy();

async function keepPosting(first: number): Promise<void> {
  for (let i = first; performance.now() < end; i++) {
    const sent = performance.now();
    const status = await post(bodies[i % bodies.length] ?? Buffer.alloc(0));
    if (status === 200) {
      taken.push(performance.now() - sent);
      atoms += Number(atomsPerBatch);
    } else if (status === 429) {
      refused++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    } else throw new Error(`${url} answered ${status}`);
  }
}

function post(body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers: { "content-type": "application/x-ndjson", "content-length": body.length } }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Events of 115 bytes with 10,000 sensors, as those of the mean's files. */
function batchOf(batch: number, count: number): Buffer {
  let text = "";
  for (let i = 0; i < count; i++) {
    const n = (batch * count + i) * 7919;
    const sensor = String(n % 10_000).padStart(5, "0");
    const speed = `${10 + (n % 90)}.${n % 10}`;
    text += `{"sensor":"sensor-${sensor}","speed":${speed},"at":"2026-01-01T00:00:00.000Z","count":${10 + (n % 90)},"status":"OK","road":"E45","a":0}\n`;
  }
  return Buffer.from(text);
}
