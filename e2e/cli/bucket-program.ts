/** Copies the rows of a bucket's objects into a topic, and says on standard output how many it holds, again and again. Arguments: data folder, bucket folder. */
import { bucketSource, fields, start, topic, workflow } from "millrace";

const [data = "", directory = ""] = process.argv.slice(2);
const rows = topic("rows", { schema: fields({ id: "integer" }) });
const copied = topic<{ readonly id: number }>("copied");
const copy = workflow("copy", (flow) => flow.from(rows).map((row) => row).to(copied));

const source = bucketSource({ name: "rows", directory, pattern: "**/*.ndjson*", pollMilliseconds: 300, chunkBytes: 1000 });
const app = await start(copy, { data, inputs: { rows: source } });
const say = async (): Promise<void> => {
  let count = 0;
  for await (const _ of app.topic(copied).read()) count++;
  console.log(String(count));
  setTimeout(() => void say(), 50);
};
void say();
await app.finished;
