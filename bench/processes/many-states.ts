/**
 * Fills a data folder with state, or (without a count) opens it again and waits until the first atom
 * that is appended has gone through. Arguments: data folder, worker threads (0: none), count. Prints one line of JSON.
 */
import { fileURLToPath } from "node:url";
import { start } from "millrace";
import { probed, profiles } from "../workflows/profiles.ts";

const [data = "", instances = "0", countText] = process.argv.slice(2);
const TEXT = "x".repeat(1000);
const PER_APPEND = 1000;
const WAITING = 16;

const loaded = performance.now();
const app = await start(fileURLToPath(new URL("../workflows/profiles.ts", import.meta.url)), { data, ...(instances === "0" ? {} : { instances: Number(instances) }) });
const opened = performance.now();
const input = app.topic(profiles);
const collection = app.collection(probed);
if (countText !== undefined) {
  const count = Number(countText);
  for (let first = 0; first < count; first += PER_APPEND * WAITING) {
    const appends = [];
    for (let from = first; from < Math.min(count, first + PER_APPEND * WAITING); from += PER_APPEND) {
      appends.push(input.append(Array.from({ length: Math.min(PER_APPEND, count - from) }, (_, i) => ({ user: `user-${from + i}`, text: TEXT, probe: false }))));
    }
    await Promise.all(appends);
    // Appending does not wait for readers, and the topic's retention does not either.
    while ((await app.metrics()).atomsIn < first) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
const user = countText === undefined ? `late-${process.pid}` : "user-0";
const seen = new Promise<void>((resolve) => {
  collection.subscribe((changes) => {
    if (changes.some(({ key }) => key === user)) resolve();
  });
});
await input.append([{ user, text: TEXT, probe: true }]);
// `finished` never comes, since the topic has no end; it rejects where the workflow cannot go on.
await Promise.race([seen, app.finished]);
console.log(JSON.stringify({ loaded, open: opened - loaded, first: performance.now() - loaded, sinceStart: performance.now() }));
await app.stop();
process.exit(0);
