import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes a module that imports `millrace` into a folder outside any project, and gives its path. */
export function writeModule(folder: string, text: string, name = "workflow.ts"): string {
  const file = join(folder, name);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(file, text.replace('"millrace"', JSON.stringify(import.meta.resolve("millrace"))));
  return file;
}

/** Sums and counts by key into a topic and a collection; a value of 13 makes its function fail. */
export const SUMS = `
import { collection, count, fields, sum, topic, tumbling, workflow } from "millrace";
const numbers = topic("numbers", { schema: fields({ key: "string", value: "number", at: "timestamp" }) });
const sums = topic("sums");
const totals = collection("totals", { key: (row) => row.key });
export const summing = workflow("summing", (flow) => {
  const results = flow
    .from(numbers, { time: (n) => n.at })
    .map((n) => {
      if (n.value === 13) throw new Error("thirteen brings bad luck");
      return { key: n.key, value: n.value };
    })
    .keyBy((n) => n.key)
    .window(tumbling("1h"))
    .aggregate({ sum: sum((n) => n.value), count: count() });
  results.to(sums);
  results.map(({ key, sum, count }) => ({ key, sum, count })).to(totals);
});
`;

/** Rows for SUMS: \`value\` is the row's number, keys go round. */
export function sumRows(from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += `${JSON.stringify({ key: `k${i % 7}`, value: i, at: i * 1000 })}\n`;
  return text;
}
