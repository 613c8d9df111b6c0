import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { fields } from "@millrace/core";
import type { Chunk } from "@millrace/core/internal";
import { fileSource } from "@millrace/drivers/files";
import { realData } from "../../../../e2e/support/data.ts";
import { readChunks, testFolder } from "./read-source.ts";

const week = realData("traffic/aarhus-citypulse/dev/week_2014-08-04_all449_by_arrival.csv.gz");
const schema = fields({ REPORT_ID: "integer", avgSpeed: "number", vehicleCount: "integer", TIMESTAMP: "timestamp", _id: "integer" });

/** Count, sums, and a sum that depends on the order. */
function digest(chunks: readonly Chunk[]): Record<string, number> {
  let rows = 0, vehicles = 0, order = 0, last = 0;
  for (const chunk of chunks) {
    const ids = chunk.rows.column("_id"), counts = chunk.rows.column("vehicleCount"), times = chunk.rows.column("TIMESTAMP");
    assert.ok(ids?.type === "number" && counts?.type === "number" && times?.type === "number");
    for (let row = 0; row < chunk.count; row++) {
      rows++;
      vehicles += counts.values[row];
      order = (order * 31 + ids.values[row]) % 1_000_000_007;
      last = Math.max(last, times.values[row]);
    }
  }
  return { rows, vehicles, order, last, malformed: chunks.reduce((sum, chunk) => sum + chunk.malformed.length, 0) };
}

describe("the real week", { skip: week.skip }, () => {
  it("is the same from gzip and from plain CSV, for one lane and for three", async (t) => {
    const text = gunzipSync(readFileSync(week.path));
    const path = join(testFolder(t), "week.csv");
    writeFileSync(path, text);
    const lines = text.toString().trimEnd().split("\n").slice(1);
    const [idAt, countAt] = [7, 6];
    let vehicles = 0, order = 0;
    for (const line of lines) {
      const parts = line.split(",");
      vehicles += Number(parts[countAt]);
      order = (order * 31 + Number(parts[idAt])) % 1_000_000_007;
    }
    const expected = { rows: 827_265, vehicles, order, last: Date.parse("2014-08-10T23:55:00Z"), malformed: 0 };
    const plain = await readChunks(fileSource({ name: "week", path, schema }));
    assert.deepEqual(digest(plain), { ...expected, last: digest(plain)["last"] });
    for (const lanes of [1, 3]) {
      assert.deepEqual(digest(await readChunks(fileSource({ name: "week", path: week.path, schema }), lanes)), digest(plain));
      assert.deepEqual(digest(await readChunks(fileSource({ name: "week", path, schema, chunkBytes: 100_000 }), lanes)), digest(plain));
    }
    assert.equal(plain.reduce((sum, chunk) => sum + chunk.bytes, 0), text.length - (text.indexOf("\n") + 1));
  });
});
