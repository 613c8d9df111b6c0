/** Copies the rows of a bucket's objects into a topic, and says on standard output how many there are. Arguments: data folder, bucket folder. */
import { bucketSource, fields, start, topic, workflow } from "millrace";

const [data = "", directory = ""] = process.argv.slice(2);
const rows = topic("rows", { schema: fields({ id: "integer" }) });
const copied = topic<{ readonly id: number }>("copied");
const copy = workflow("copy", (flow) => flow.from(rows).map((row) => row).to(copied));

const source = bucketSource({ name: "rows", directory, pattern: "**/*.ndjson*", pollMilliseconds: 60, chunkBytes: 1000 });
const app = await start(copy, { data, inputs: { rows: source } });
setInterval(() => {
  void app.metrics().then(({ atomsOut, dead }) => console.log(JSON.stringify({ atomsOut, dead })));
}, 20);
await app.finished;
