/**
 * Micro benchmarks of core's codec folder; prints a table. Run by hand:
 * npx --no-install node --conditions=millrace-source bench/micro/codec.ts [10m]
 * With `10m`, tables of ten million keys too (2 GB of memory, a minute).
 */
import { ByteReader, ByteWriter } from "../../packages/core/src/codec/bytes.ts";
import { decodeColumn, encodeColumn } from "../../packages/core/src/codec/column-codec.ts";
import { numberColumn, stringColumnFrom, utf8Column } from "../../packages/core/src/codec/columns.ts";
import { IntMap } from "../../packages/core/src/codec/int-map.ts";
import { KeyTable } from "../../packages/core/src/codec/key-table.ts";
import { murmur2 } from "../../packages/core/src/codec/murmur2.ts";
import { StringPool } from "../../packages/core/src/codec/string-pool.ts";
import { decodeValues, encodeValues } from "../../packages/core/src/codec/values.ts";

interface Line {
  readonly what: string;
  readonly "ns each": string;
  readonly "M/s": string;
  readonly note: string;
}

const lines: Line[] = [];
let sink = 0;

/** The best of three runs after a warm one; `run` returns how many things it did. */
function measure(what: string, run: () => number, note = ""): void {
  run();
  let best = Infinity;
  for (let round = 0; round < 3; round++) {
    const started = performance.now();
    const done = run();
    best = Math.min(best, ((performance.now() - started) * 1e6) / done);
  }
  lines.push({ what, "ns each": best.toFixed(1), "M/s": (1000 / best).toFixed(2), note });
}

/** Row numbers below `n` in an order that no cache line foresees. */
function shuffled(n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  let state = 12_345;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const j = state % (i + 1);
    const held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
  return order;
}

const KEY = 16;

function benchKeys(n: number): void {
  const label = n.toLocaleString("en");
  const order = shuffled(n);
  const inOrder = new Uint8Array(n * KEY);
  const mixed = new Uint8Array(n * KEY);
  const encoder = new TextEncoder();
  for (let i = 0; i < n; i++) encoder.encodeInto(`sensor-${String(i).padStart(9, "0")}`, inOrder.subarray(i * KEY));
  for (let i = 0; i < n; i++) mixed.set(inOrder.subarray(order[i] * KEY, order[i] * KEY + KEY), i * KEY);

  const table = new KeyTable();
  const started = performance.now();
  for (let i = 0; i < n; i++) table.internBytes(inOrder, i * KEY, i * KEY + KEY);
  const each = ((performance.now() - started) * 1e6) / n;
  lines.push({ what: `internBytes new, ${label} keys`, "ns each": each.toFixed(1), "M/s": (1000 / each).toFixed(2), note: `${(table.memoryBytes / 1e6).toFixed(0)} MB` });

  const rounds = Math.max(1, Math.ceil(2e6 / n));
  measure(`internBytes known, ${label} keys`, () => {
    for (let round = 0; round < rounds; round++) for (let i = 0; i < n; i++) sink += table.internBytes(mixed, i * KEY, i * KEY + KEY);
    return rounds * n;
  });
  const starts = Int32Array.from({ length: n }, (_, i) => i * KEY);
  const column = utf8Column(mixed, starts, starts.map((at) => at + KEY));
  const out = new Int32Array(n);
  measure(`internColumn strings, ${label} keys`, () => {
    for (let round = 0; round < rounds; round++) sink += table.internColumn(column, undefined, n, out);
    return rounds * n;
  });
  if (n <= 1_000_000) {
    const strings = Array.from(order, (slot) => JSON.parse(JSON.stringify(table.value(slot))) as string);
    measure(`internString known, ${label} keys`, () => {
      for (let round = 0; round < rounds; round++) for (let i = 0; i < n; i++) sink += table.internString(strings[i]);
      return rounds * n;
    });
  }

  const numbers = new KeyTable();
  for (let i = 0; i < n; i++) numbers.internNumber(i * 10.5);
  measure(`internNumber known, ${label} keys`, () => {
    for (let round = 0; round < rounds; round++) for (let i = 0; i < n; i++) sink += numbers.internNumber(order[i] * 10.5);
    return rounds * n;
  }, `${(numbers.memoryBytes / 1e6).toFixed(0)} MB`);

  const map = new IntMap();
  for (let i = 0; i < n; i++) map.set(i, i);
  measure(`IntMap.get, ${label} keys`, () => {
    for (let round = 0; round < rounds; round++) for (let i = 0; i < n; i++) sink += map.get(order[i]);
    return rounds * n;
  }, `${(map.memoryBytes / 1e6).toFixed(0)} MB`);
}

function benchValues(perMessage: number): void {
  const values = Array.from({ length: perMessage }, (_, i) => ({ id: `sensor-${i % 100}`, time: 1.7e12 + i, value: i * 0.37, count: i % 50, ok: i % 2 === 0 }));
  const writer = new ByteWriter();
  const repeats = Math.ceil(300_000 / perMessage);
  measure(`encodeValues, 5 fields, ${perMessage} a message`, () => {
    for (let i = 0; i < repeats; i++) {
      writer.reset();
      encodeValues(values, writer);
    }
    return repeats * perMessage;
  });
  const bytes = writer.take();
  measure(`decodeValues, 5 fields, ${perMessage} a message`, () => {
    for (let i = 0; i < repeats; i++) sink += decodeValues(new ByteReader(bytes), perMessage).length;
    return repeats * perMessage;
  }, `${(bytes.length / perMessage).toFixed(1)} B each`);
}

function benchColumns(): void {
  const rows = Array.from({ length: 4096 }, (_, i) => i);
  const columns = {
    "float64": numberColumn(rows.map((i) => i * 0.37)),
    "small integers": numberColumn(rows.map((i) => i % 250)),
    "timestamps": numberColumn(rows.map((i) => 1.7e12 + i * 250)),
    "strings, 200 distinct": stringColumnFrom(rows.map((i) => `sensor-${(i * 31) % 200}`)),
    "strings, all distinct": stringColumnFrom(rows.map((i) => `sensor-${i}`)),
  };
  for (const [name, column] of Object.entries(columns)) {
    const writer = new ByteWriter();
    measure(`encodeColumn ${name}`, () => {
      for (let i = 0; i < 200; i++) {
        writer.reset();
        encodeColumn(column, undefined, 4096, writer);
      }
      return 200 * 4096;
    });
    const bytes = writer.take();
    measure(`decodeColumn ${name}`, () => {
      for (let i = 0; i < 200; i++) sink += decodeColumn(new ByteReader(bytes), 4096).type.length;
      return 200 * 4096;
    }, `${(bytes.length / 4096).toFixed(2)} B each`);
  }
}

function benchStrings(): void {
  for (const distinct of [100, 3000]) {
    const column = stringColumnFrom(Array.from({ length: 30_000 }, (_, i) => `sensor-${i % distinct}`));
    const pool = new StringPool();
    measure(`StringPool.get, ${distinct} distinct`, () => {
      for (let row = 0; row < 30_000; row++) sink += pool.get(column.bytes, column.starts[row], column.ends[row]).length;
      return 30_000;
    });
    measure(`murmur2, ${distinct} distinct`, () => {
      for (let row = 0; row < 30_000; row++) sink += murmur2(column.bytes, column.starts[row], column.ends[row]);
      return 30_000;
    });
  }
}

benchStrings();
benchValues(1000);
benchValues(20);
benchValues(1);
benchColumns();
for (const n of process.argv.includes("10m") ? [10_000, 1_000_000, 10_000_000] : [10_000, 1_000_000]) benchKeys(n);
console.table(lines);
if (sink === 0.5) console.log(sink);
