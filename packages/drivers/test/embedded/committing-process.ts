/**
 * A process that commits as fast as it can until it is killed: `DIRECTORY ACKNOWLEDGED DURABILITY`. The
 * file ACKNOWLEDGED holds the last version that was acknowledged (f64).
 */
import { openSync, writeSync } from "node:fs";
import { openEmbeddedLedger } from "../../src/embedded/index.ts";
import { commitOf } from "./support.ts";

const [directory, acknowledged, durability] = process.argv.slice(2);
const ledger = await openEmbeddedLedger({
  directory,
  durability: durability === "disk" ? "disk" : "process",
  segmentBytes: 256 * 1024,
  slackBytes: 256 * 1024,
});
await ledger.retain("topic", { bytes: 100_000 });
const root = await ledger.fence("p");
const file = openSync(acknowledged, "w");
for (let version = root.version + 1; ; version++) {
  const result = await ledger.commit(commitOf(root.epoch, version));
  if (result.outcome !== "applied") throw new Error(JSON.stringify(result));
  writeSync(file, Float64Array.of(version), 0, 8, 0);
}
