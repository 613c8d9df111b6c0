import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Field } from "../../../src/contracts/columns.ts";
import { createCsvDecoder, readHeader } from "../../../src/codec/formats/csv.ts";
import type { CsvDialect } from "../../../src/codec/formats/csv.ts";
import { lastRecordEnd } from "../../../src/codec/formats/record-ends.ts";
import { fields } from "../../../src/codec/schema-fields.ts";
import { StringPool } from "../../../src/codec/string-pool.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const pool = new StringPool();

test("reads back what a CSV writer wrote, whatever it quoted", () => {
  const cell = fc.oneof(fc.string({ unit: "grapheme", maxLength: 6 }), fc.constantFrom("", '"', '""', ",", "\n", "\r\n", "\r", 'a"b,c\nd', "é", "12"));
  const style = fc.record({ quoteAll: fc.boolean(), end: fc.constantFrom("\n", "\r\n"), last: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell, cell), { maxLength: 8 }), style, (records, { quoteAll, end, last }) => {
      const write = (text: string): string => (quoteAll || text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const text = records.map((record) => record.map(write).join(",")).join(end) + (last && records.length > 0 ? end : "");
      const { rows, malformed } = decode(fields({ a: "string", c: "string" }).fields, ["a", "b", "c"], text);
      assert.deepEqual(malformed, []);
      assert.deepEqual(rows, records.map(([a, , c]) => ({ a, c })));
    }),
    { numRuns: 1000 },
  );
});

test("agrees with a straightforward reader on any text, and one record's fault stays its own", () => {
  const piece = fc.constantFrom('"', '""', ",", "\n", "\r\n", "\r", "a", "1", "-2.5", "é", " ", '"x"', '"1,\n2"', ",,", "a,1,b\n", '"a""","2","c"\n');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join("")), (text) => {
      const expected = referenceCsv(text, 3);
      const { rows, malformed } = decode(fields({ a: "string", b: "number?" }).fields, ["a", "b", "c"], text);
      const good: unknown[] = [];
      const bad: string[] = [];
      for (const { raw, cells } of expected) {
        const b = cells?.[1];
        const absent = b !== undefined && b.text === "" && !b.quoted;
        if (cells === undefined || (!absent && !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(b!.text))) bad.push(raw);
        else good.push(absent ? { a: cells[0].text } : { a: cells[0].text, b: Number(b!.text) });
      }
      assert.deepEqual(rows, good);
      assert.deepEqual(malformed.map(({ start, end }) => decoder.decode(encoder.encode(text).subarray(start, end))), bad);
    }),
    { numRuns: 5000 },
  );
});

test("cutting a stream into blocks at lastRecordEnd changes nothing", () => {
  const piece = fc.constantFrom('"', ",", "\n", "\r\n", "a", "1,2,3\n", '"x""\n",2,3\n', 'a,"b\nc",d\n');
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 40 }).map((pieces) => pieces.join("")), fc.integer({ min: 1, max: 20 }), (text, block) => {
      const declared = fields({ a: "string", c: "string?" }).fields;
      const whole = decode(declared, ["a", "b", "c"], text);
      const bytes = encoder.encode(text);
      const rows: unknown[] = [];
      let bad = 0;
      let at = 0;
      for (let end = block; at < bytes.length; end += block) {
        const known = Math.min(end, bytes.length);
        const cut = known === bytes.length ? known : lastRecordEnd(bytes, at, known, "csv");
        const part = decode(declared, ["a", "b", "c"], decoder.decode(bytes.subarray(at, cut)));
        rows.push(...part.rows);
        bad += part.malformed.length;
        at = cut;
      }
      assert.deepEqual([rows, bad], [whole.rows, whole.malformed.length]);
    }),
    { numRuns: 2000 },
  );
});

test("reads each type, and says what is wrong with which field", () => {
  const declared = fields({ n: "number", i: "integer", t: "timestamp", b: "boolean", j: "json", s: "string" }).fields;
  const header = ["n", "i", "t", "b", "j", "s", "rest"];
  const one = (text: string): unknown => {
    const { rows, malformed } = decode(declared, header, text);
    return rows[0] ?? malformed[0].reason;
  };
  const t = Date.UTC(2014, 7, 4, 1, 2, 3);
  assert.deepEqual(one('1.5,2,2014-08-04T01:02:03,true,"{""k"":[1]}",x,'), { n: 1.5, i: 2, t, b: true, j: { k: [1] }, s: "x" });
  assert.deepEqual(one('"-1e3","+007","2014-08-04 03:02:03+02:00",FALSE,3,"",""'), { n: -1000, i: 7, t, b: false, j: 3, s: "" });
  assert.deepEqual(one(`0.1,-0,${t},1,true,,\r\n`), { n: 0.1, i: -0, t, b: true, j: true, s: "" });
  assert.equal(one(`,1,${t},1,1,,`), 'field "n" is missing');
  assert.equal(one(`"",1,${t},1,1,,`), 'field "n" is not a number');
  for (const text of ["x", "0x10", " 1", "1 ", "1e", "Infinity", "NaN", "-", "+-1", "1..2", "--1", "."]) assert.equal(one(`${text},1,${t},1,1,,`), 'field "n" is not a number', text);
  for (const text of ["1e999", "-1e999", `1${"0".repeat(309)}`]) assert.equal(one(`${text},1,${t},1,1,,`), 'field "n" is out of the range of a number', text);
  assert.equal(one(`1,1e999,${t},1,1,,`), 'field "i" is out of the range of a safe integer');
  for (const text of ["1.5", "9007199254740992"]) assert.equal(one(`1,${text},${t},1,1,,`), 'field "i" is not a safe integer');
  for (const text of ["2014-02-30", "1.5", "8640000000000001", "2014-08-04T01:02:03x", ""]) assert.match(String(one(`1,1,${text},1,1,,`)), /^field "t" is (missing|not a timestamp)/);
  assert.equal(one(`1,1,${t},yes,1,,`), 'field "b" is not a boolean');
  assert.equal(one(`1,1,${t},1,{,,`), 'field "j" is not JSON');
  assert.equal(one(`1,1,${t},1,null,,`), 'field "j" is missing');
  for (const text of [`1,1,${t},1,1,`, `1,1,${t},1,1,,,`, "1"]) assert.equal(one(text), "the record does not have the header's 7 fields");
  for (const text of [`1,1,${t},1,1,a"b,`, `1,1,${t},1,1,"a"b,`, `1,1,${t},1,1,"a,`, `1,1,${t},1,1,,a"b`]) assert.match(String(one(text)), /quote is not closed|does not have/);
});

test("broken UTF-8 is malformed in read and in skipped fields, quoted or not", () => {
  for (const record of ['x,"\xff",1', "x,\xff,1", '"\xff",y,1', "\xff,y,1", "x,\xe2\x82,1"]) {
    const bytes = Uint8Array.from(`${record}\nok,é,2\n`, (c) => c.charCodeAt(0));
    const latin = decodeBytes(fields({ a: "string" }).fields, ["a", "b", "c"], bytes);
    assert.deepEqual(latin.malformed.map(({ reason }) => reason), ["not well-formed UTF-8", "not well-formed UTF-8"]);
  }
  assert.deepEqual(decode(fields({ a: "string", b: "string" }).fields, ["a", "b", "c"], 'æ,"😀""",ø').rows, [{ a: "æ", b: '😀"' }]);
});

test("a header that lacks a field is an error unless the field is optional", () => {
  assert.throws(() => createCsvDecoder({ fields: fields({ speed: "number" }).fields, header: ["id", "spd"] }), { code: "MILLRACE_SCHEMA", message: /speed.*\(id, spd\)/ });
  assert.throws(() => createCsvDecoder({ fields: fields({ id: "number" }).fields, header: ["id", "id"] }), { code: "MILLRACE_SCHEMA", message: /twice/ });
  assert.deepEqual(decode(fields({ id: "number", speed: "number?", note: "string?" }).fields, ["id"], "1\n2\n").rows, [{ id: 1 }, { id: 2 }]);
});

test("reads headers: quoted names, byte order mark, line ends, dialects", () => {
  const header = (text: string, dialect?: CsvDialect): unknown => readHeader(encoder.encode(text), dialect);
  assert.deepEqual(header('\ufeffa,"b ""c""\n",d\r\n1,2,3'), { header: ["a", 'b "c"\n', "d"], end: 19 });
  assert.deepEqual(header("a;b,c\n", { delimiter: ";" }), { header: ["a", "b,c"], end: 6 });
  assert.equal(header("a,b"), undefined);
  assert.equal(header('"a\n,b'), undefined);
  assert.throws(() => header('a"b,c\n'), { code: "MILLRACE_DECODE" });
  for (const delimiter of ["", ",,", "\n", "é", '"', "1", ".", "T", "-"]) assert.throws(() => header("a\n", { delimiter }), { code: "MILLRACE_USAGE" });
});

test("other delimiters and quotes, spaces between date and time included", () => {
  const declared = fields({ t: "timestamp", n: "number", s: "string" }).fields;
  const run = (text: string, dialect: CsvDialect): readonly unknown[] => decode(declared, ["t", "n", "s"], text, dialect).rows;
  const t = Date.UTC(2014, 7, 4);
  assert.deepEqual(run("2014-08-04\t1.5\t'a''\t'", { delimiter: "\t", quote: "'" }), [{ t, n: 1.5, s: "a'\t" }]);
  assert.deepEqual(run('2014-08-04 10:30 x\n"2014-08-04 00:00" 1 y\n2014-08-04 5 z', { delimiter: " " }), [{ t, n: 1, s: "y" }, { t, n: 5, s: "z" }]);
  assert.deepEqual(run("2014-08-04T00:00;1;,", { delimiter: ";" }), [{ t, n: 1, s: "," }]);
});

test("lines of nothing are skipped, but are values where the header has one field", () => {
  assert.deepEqual(decode(fields({ a: "string" }).fields, ["a", "b"], "\n1,2\n\r\n\n3,4\n\n").rows, [{ a: "1" }, { a: "3" }]);
  assert.deepEqual(decode(fields({ a: "string" }).fields, ["a"], "x\n\ny").rows, [{ a: "x" }, { a: "" }, { a: "y" }]);
});

function decode(declared: readonly Field[], header: readonly string[], text: string, dialect: CsvDialect = {}) {
  return decodeBytes(declared, header, encoder.encode(text), dialect);
}

function decodeBytes(declared: readonly Field[], header: readonly string[], chunk: Uint8Array, dialect: CsvDialect = {}) {
  const csv = createCsvDecoder({ fields: declared, header, ...dialect });
  const out = csv.createSink(pool);
  csv.decode(chunk, 0, chunk.length, out);
  const { rows, malformed } = out.take();
  return { rows: Array.from({ length: rows.length }, (_, i) => rows.get(i)), malformed };
}

interface ReferenceRecord {
  readonly raw: string;
  /** Undefined: not a record of `width` fields by RFC 4180. */
  readonly cells: readonly { readonly text: string; readonly quoted: boolean }[] | undefined;
}

function referenceCsv(text: string, width: number): readonly ReferenceRecord[] {
  const found: ReferenceRecord[] = [];
  const field = '(?:"(?:[^"]|"")*"|[^",\r\n]*)';
  const whole = new RegExp(`^${field}(?:,${field}){${width - 1}}$`);
  for (let rest = text; rest !== ""; ) {
    let quoted = false;
    let fieldStart = true;
    let end = 0;
    for (; end < rest.length; end++) {
      const c = rest[end];
      if (quoted) {
        if (c === '"' && rest[end + 1] === '"') end++;
        else if (c === '"') quoted = false;
      } else if (c === '"' && fieldStart) {
        quoted = true;
      } else if (c === "\n") {
        break;
      }
      fieldStart = !quoted && c === ",";
    }
    const raw = rest.slice(0, end).replace(/\r?\n$|\r$/, "");
    rest = rest.slice(end + 1);
    if (raw === "") continue;
    if (!whole.test(raw)) {
      found.push({ raw, cells: undefined });
      continue;
    }
    const cells = [...`,${raw}`.matchAll(new RegExp(`,(${field})`, "g"))].map((match) => {
      const cell = match[1];
      return cell.startsWith('"') ? { text: cell.slice(1, -1).replaceAll('""', '"'), quoted: true } : { text: cell, quoted: false };
    });
    found.push({ raw, cells });
  }
  return found;
}
