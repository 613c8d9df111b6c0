import { generator, sink, start, topic, workflow } from "millrace";

/** A workflow whose sink is down until the source has stood still, then slow. Prints what it saw. */
const [, , data, chunks] = process.argv;

interface Row {
  readonly n: number;
  readonly text: string;
}

const ROWS = 100;
const rows = topic<Row>("rows");
let made = 0;
let down = true;
let written = 0;
let twice = 0;
const seen = new Set<number>();

const outside = sink<Row>("outside", {
  retries: { attempts: Infinity, backoff: "20ms", max: "100ms" },
  async write(batch) {
    if (down) throw new Error("it is down");
    await new Promise((resolve) => setTimeout(resolve, 1));
    for (const { value } of batch) {
      if (seen.has(value.n)) twice++;
      seen.add(value.n);
    }
    written += batch.length;
  },
});
const flow = workflow("flow", (from) => from.from(rows).map(({ n, text }) => ({ n, text: `${text}.` })).to(outside));

const app = await start(flow, {
  data,
  inputs: {
    rows: generator<Row>({
      chunk: (index) => {
        if (index >= Number(chunks)) return undefined;
        made = Math.max(made, index + 1);
        return Array.from({ length: ROWS }, (_, i) => ({ n: index * ROWS + i, text: String(index * ROWS + i).padStart(2000, "x") }));
      },
    }),
  },
});
for (let still = 0, last = 0; still < 20; still = made === last ? still + 1 : 0) {
  last = made;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const stoodStillAt = made;
down = false;
await app.finished;
const { dead } = await app.metrics();
await app.stop();
process.stdout.write(`${JSON.stringify({ stoodStillAt, made, written, twice, dead, peak: process.resourceUsage().maxRSS * 1024 })}\n`);
