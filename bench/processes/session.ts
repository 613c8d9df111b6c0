/**
 * Runs a workflow over bounded input inside a program, as `start` does it, and says how far it is: lines
 * of JSON with milliseconds since the process began. Arguments: module, topic, input, data folder, worker threads (0: none).
 */
import { start } from "millrace";

const [module = "", topic = "", input = "", data = "", instances = "0"] = process.argv.slice(2);
const app = await start(module, { data, inputs: { [topic]: input }, ...(instances === "0" ? {} : { instances: Number(instances) }) });
const say = (what: string, more: Readonly<Record<string, number>> = {}): void => console.log(JSON.stringify({ what, ms: performance.now(), ...more }));
say("open");
const done = app.finished.then(() => "done");
let stepped = false;
for (let state = ""; state !== "done"; ) {
  const { partitions, atomsIn } = await app.metrics();
  let steps = 0;
  for (const one of partitions.values()) steps += one.used.invocations;
  if (steps > 0 && !stepped) say("step");
  stepped ||= steps > 0;
  if (stepped) say("atoms", { atomsIn });
  state = await Promise.race([done, new Promise<string>((resolve) => setTimeout(resolve, stepped ? 100 : 1, ""))]);
}
const { atomsIn } = await app.metrics();
say("done", { atomsIn });
await app.stop();
process.exit(0);
