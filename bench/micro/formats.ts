/**
 * Rates of the format decoders on lines made in memory (seeded). Run:
 * `npx --no-install node --conditions=millrace-source bench/micro/formats.ts`
 */
import type { Field } from "../../packages/core/src/contracts/columns.ts";
import type { Decoder } from "../../packages/core/src/codec/formats/column-sink.ts";
import { createCsvDecoder } from "../../packages/core/src/codec/formats/csv.ts";
import { parseJsonLines, validateRows } from "../../packages/core/src/codec/formats/json-lines.ts";
import { createNdjsonDecoder } from "../../packages/core/src/codec/formats/ndjson.ts";
import { lastRecordEnd } from "../../packages/core/src/codec/formats/record-ends.ts";
import { fields } from "../../packages/core/src/codec/schema-fields.ts";
import { StringPool } from "../../packages/core/src/codec/string-pool.ts";

const LINES = 200_000;
const BLOCK = 256 * 1024;
const ROUNDS = 7;

let seed = 42;
function random(below: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return Math.floor(((seed >>> 0) / 2 ** 32) * below);
}

function encode(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.join("\n") + "\n");
}

function times(count: number, make: (i: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const START = Date.UTC(2014, 7, 4);
const iso = (i: number): string => new Date(START + i * 37).toISOString();

const event = (i: number): string =>
  `{"sensor":"sensor-${random(10_000)}","speed":${random(1300) / 10},"count":${random(90)},"status":"OK","at":"${iso(i)}","road":"E${random(50)}","ok":true}`;
const events = encode(times(LINES, event));
const epochEvents = encode(times(LINES, (i) => event(i).replace(/"at":"[^"]*"/, `"at":${START + i * 37}`)));
const mixedEvents = encode(times(LINES, (i) => (i % 2 === 0 ? event(i) : `{"at":"${iso(i)}","kind":{"a":[1,2,3],"b":"x"},"speed":${random(1300) / 10},"sensor":"sensor-${random(10_000)}","note":"a \\"b\\" \\u00e6"}`)));
const csvHeader = "status,avgMeasuredTime,avgSpeed,extID,medianMeasuredTime,TIMESTAMP,vehicleCount,_id,REPORT_ID".split(",");
const csv = encode(times(LINES, (i) => `OK,${random(300)},${random(130)},${random(900)},${random(300)},${iso(i * 300).slice(0, 19)},${random(30)},${21_000_000 + i},${200_000 + random(15_000)}`));
const csvQuoted = encode(times(LINES, (i) => `"OK",${random(300)},${random(1300) / 10},${random(900)},${random(300)},"${iso(i * 300).slice(0, 19)}","${random(30)}",${21_000_000 + i},"a ""b"" ${i}"`));

const eventFields: readonly Field[] = fields({ sensor: "string", speed: "number", at: "timestamp" }).fields;
const csvFields: readonly Field[] = fields({ avgMeasuredTime: "number", avgSpeed: "number", TIMESTAMP: "timestamp", vehicleCount: "number", REPORT_ID: "number" }).fields;
const quotedFields: readonly Field[] = fields({ avgSpeed: "number", TIMESTAMP: "timestamp", vehicleCount: "number", REPORT_ID: "string" }).fields;

const results: { what: string; "M/s": string; "MB/s": string }[] = [];
let sink = 0;

function measure(what: string, count: number, bytes: number, run: () => number): void {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    sink += run();
    best = Math.min(best, performance.now() - from);
  }
  results.push({ what, "M/s": (count / best / 1000).toFixed(2), "MB/s": bytes === 0 ? "" : (bytes / best / 1000).toFixed(0) });
}

function decodeAll(decoder: Decoder, bytes: Uint8Array, format: "ndjson" | "csv"): number {
  const out = decoder.createSink(new StringPool());
  let rows = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = lastRecordEnd(bytes, at, Math.min(at + BLOCK, bytes.length), format);
    decoder.decode(bytes.subarray(at, end), 0, end - at, out);
    const taken = out.take();
    if (taken.malformed.length > 0) throw new Error(`line ${taken.malformed[0].line}: ${taken.malformed[0].reason}`);
    rows += taken.rows.length;
    at = end;
  }
  return rows;
}

const ndjson = createNdjsonDecoder({ fields: eventFields });
const csvDecoder = createCsvDecoder({ fields: csvFields, header: csvHeader });
const perLine = (bytes: Uint8Array): string => `${(bytes.length / LINES).toFixed(0)} bytes a line`;

measure(`NDJSON, 3 of 7 fields, ISO time, ${perLine(events)}`, LINES, events.length, () => decodeAll(ndjson, events, "ndjson"));
measure(`NDJSON, 3 of 7 fields, epoch time, ${perLine(epochEvents)}`, LINES, epochEvents.length, () => decodeAll(ndjson, epochEvents, "ndjson"));
measure(`CSV, 5 of 9 fields, ${perLine(csv)}`, LINES, csv.length, () => decodeAll(csvDecoder, csv, "csv"));
measure(`CSV with quotes, 4 of 9 fields, ${perLine(csvQuoted)}`, LINES, csvQuoted.length, () => decodeAll(createCsvDecoder({ fields: quotedFields, header: csvHeader }), csvQuoted, "csv"));
measure(`NDJSON, two shapes in turn, escapes, ${perLine(mixedEvents)}`, LINES, mixedEvents.length, () => decodeAll(ndjson, mixedEvents, "ndjson"));
measure(`NDJSON again, after all shapes`, LINES, events.length, () => decodeAll(ndjson, events, "ndjson"));
measure("NDJSON to objects by JSON.parse", LINES, events.length, () => parseJsonLines(events, 0, events.length).rows.length);

const out = ndjson.createSink();
ndjson.decode(events, 0, events.length, out);
const { rows } = out.take();
type Row = { readonly sensor: string; readonly speed: number; readonly at: number };
measure("view, one number", LINES * 10, 0, () => {
  let sum = 0;
  for (let k = 0; k < 10; k++) for (let i = 0; i < rows.length; i++) sum += (rows.view(i) as Row).speed;
  return sum;
});
measure("view, two numbers through a closure", LINES * 10, 0, () => {
  const test = (row: Row): boolean => row.speed > 50 && row.at > START;
  let sum = 0;
  for (let k = 0; k < 10; k++) for (let i = 0; i < rows.length; i++) if (test(rows.view(i) as Row)) sum++;
  return sum;
});
measure("view, one string (pooled)", LINES, 0, () => {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += (rows.view(i) as Row).sensor.length;
  return sum;
});
measure("get, object of 3 fields", LINES, 0, () => {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += (rows.get(i) as Row).speed;
  return sum;
});
measure("validate, fields() of 3", LINES, 0, () => validateRows(fields({ sensor: "string", speed: "number", at: "timestamp" }), rows).rows.length);
measure("record ends, CSV without quotes (blocks)", LINES, csv.length, () => cutAll(csv, "csv"));
measure("record ends, CSV with quotes (blocks)", LINES, csvQuoted.length, () => cutAll(csvQuoted, "csv"));

function cutAll(bytes: Uint8Array, format: "ndjson" | "csv"): number {
  let cuts = 0;
  for (let at = 0; at < bytes.length; cuts++) at = lastRecordEnd(bytes, at, Math.min(at + BLOCK, bytes.length), format);
  return cuts;
}

console.table(results);
if (!Number.isFinite(sink)) throw new Error("a measurement gave no number");
