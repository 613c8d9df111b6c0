import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { fields } from "@millrace/core";
import type { Source } from "@millrace/core/internal";
import { fileSource } from "@millrace/drivers/files";
import * as z from "zod";
import { contents, readChunks, testFolder } from "./read-source.ts";

async function rejects(source: Source, code: string, ...words: string[]): Promise<void> {
  await assert.rejects(readChunks(source), (error: Error & { code?: string }) => {
    assert.equal(error.code, code);
    for (const word of words) assert.ok(error.message.includes(word), `${error.message} should name ${word}`);
    return true;
  });
}

describe("a file source", () => {
  it("names the path and the remedy when there is nothing to read", async (t) => {
    const folder = testFolder(t);
    mkdirSync(join(folder, "folder"));
    await rejects(fileSource({ name: "in", path: join(folder, "none.csv") }), "MILLRACE_NOT_FOUND", "none.csv", "check the path");
    await rejects(fileSource({ name: "in", path: join(folder, "*.csv") }), "MILLRACE_NOT_FOUND", "*.csv", "no file matches");
    await rejects(fileSource({ name: "in", path: join(folder, "folder") }), "MILLRACE_IO", "is a folder", "glob");
    const pipe = join(folder, "pipe.ndjson");
    spawnSync("mkfifo", [pipe]);
    await rejects(fileSource({ name: "in", path: pipe }), "MILLRACE_IO", "is a pipe", "standard input");
    writeFileSync(join(folder, "data.bin"), "1\n");
    await rejects(fileSource({ name: "in", path: join(folder, "data.bin") }), "MILLRACE_USAGE", "data.bin", "set `format`");
  });

  it("says which compressed file is damaged or cut short", async (t) => {
    const folder = testFolder(t);
    const lines = Array.from({ length: 5000 }, (_, i) => JSON.stringify({ i, x: Math.sin(i) })).join("\n");
    for (const [end, packed] of [["gz", gzipSync(lines)], ["zst", zstdCompressSync(lines, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })]] as const) {
      const cases = {
        short: packed.subarray(0, packed.length - 12),
        flipped: Buffer.from(packed).fill(0x55, 1000, 1020),
        garbage: Buffer.concat([packed, Buffer.from("not packed")]),
        empty: Buffer.alloc(0),
        plain: Buffer.from(lines),
      };
      for (const [name, bytes] of Object.entries(cases)) {
        const path = join(folder, `${name}.ndjson.${end}`);
        writeFileSync(path, bytes);
        await rejects(fileSource({ name: "in", path }), "MILLRACE_DECODE", path, "damaged or cut short");
      }
    }
  });

  it("says which file lacks a declared column", async (t) => {
    const path = join(testFolder(t), "in.csv");
    writeFileSync(path, "a,b\n1,2\n");
    await rejects(fileSource({ name: "in", path, schema: fields({ c: "number" }) }), "MILLRACE_SCHEMA", path, "field c");
  });

  it("reads empty files, headers without rows, and globs in name order", async (t) => {
    const folder = testFolder(t);
    const texts = { "b.csv": "x,y\n3,4", "a.csv": "y,x\r\n2,1\r\n", "c.csv": "", "d.csv": "x,y", "e.csv": "\uFEFF", "f.csv": "x,y\n\n5,6\n" };
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
    const chunks = await readChunks(fileSource({ name: "in", path: join(folder, "*.csv"), schema: fields({ x: "number", y: "number" }) }), 2);
    assert.deepEqual(contents(chunks), { rows: [{ x: 1, y: 2 }, { x: 3, y: 4 }, { x: 5, y: 6 }], malformed: [] });
  });

  it("takes a header and a dialect from its options", async (t) => {
    const path = join(testFolder(t), "in.tsv");
    writeFileSync(path, "1\t'a\tb'\n");
    const chunks = await readChunks(fileSource({ name: "in", path, csv: { quote: "'", header: ["id", "text"] } }));
    assert.deepEqual(contents(chunks).rows, [{ id: "1", text: "a\tb" }]);
  });

  it("reports malformed rows with their place, their text and the reason", async (t) => {
    const path = join(testFolder(t), "in.ndjson");
    const long = `{"a":${"9".repeat(5000)}`;
    writeFileSync(path, Buffer.concat([Buffer.from('{"a":1}\n{"a":"x"}\n{"a":'), Buffer.from([0xff]), Buffer.from(`}\n${long}\n{"a":2}`)]));
    const chunks = await readChunks(fileSource({ name: "in", path, schema: fields({ a: "number" }) }));
    const { rows, malformed } = contents(chunks);
    assert.deepEqual(rows, [{ a: 1 }, { a: 2 }]);
    assert.deepEqual((malformed as { position: string; raw: string }[]).map(({ position, raw }) => [position, raw]), [
      [`${path}@8`, '{"a":"x"}'],
      [`${path}@18`, '{"a":\uFFFD}'],
      [`${path}@26`, long.slice(0, 4096)],
    ]);
    assert.match((malformed[0] as { reason: string }).reason, /field "a" is not a number/);
  });

  it("keeps the beginning of a record beyond the bound, and nothing of what lies behind it", async (t) => {
    const path = join(testFolder(t), "in.ndjson");
    writeFileSync(path, `{"a":1}\n{"a":"${"é".repeat(40)}"}\n{"a":2}\n{"a":"${"é".repeat(600)}"}\n{"a":3}`);
    const chunks = await readChunks(fileSource({ name: "in", path, chunkBytes: 16, maxRecordBytes: 32 }));
    const { rows, malformed } = contents(chunks);
    assert.deepEqual(rows, [{ a: 1 }, { a: 2 }, { a: 3 }]);
    assert.equal(malformed.length, 2);
    for (const { raw } of malformed as { raw: string }[]) assert.match(raw, /^\{"a":"é+("\})?$/);
  });

  it("gives the values of any Standard Schema, and tells what it refuses", async (t) => {
    const folder = testFolder(t);
    writeFileSync(join(folder, "in.csv"), 'n,note\n1,"a\nb"\n-5,\n2,c\n');
    const schema = z.object({ n: z.coerce.number().positive(), note: z.string().transform((text) => text.length) });
    const { rows, malformed } = contents(await readChunks(fileSource({ name: "in", path: join(folder, "in.csv"), schema, chunkBytes: 3 }), 2));
    assert.deepEqual(rows, [{ n: 1, note: 3 }, { n: 2, note: 1 }]);
    assert.deepEqual((malformed as { raw: string }[]).map(({ raw }) => raw), ["-5,"]);
  });

  it("takes what a schema takes beyond what it says of its input, in order", async (t) => {
    const path = join(testFolder(t), "in.ndjson");
    const lines = ['{"n":"5","c":1}', '{"n":6,"c":"junk"}', '{"n":7,"c":2}', '{"n":"x","c":1}', "no JSON", '{"n":null}', '{"n":-1,"c":1}'];
    writeFileSync(path, lines.join("\n"));
    const schema = z.object({ n: z.coerce.number().nonnegative(), c: z.number().catch(3) });
    const { rows, malformed } = contents(await readChunks(fileSource({ name: "in", path, schema })));
    const alone = lines.filter((line) => line.startsWith("{")).map((line) => schema.safeParse(JSON.parse(line)));
    assert.deepEqual(rows, alone.flatMap(({ data }) => data ?? []));
    assert.deepEqual((malformed as { raw: string }[]).map(({ raw }) => raw), [lines[3], lines[4], lines[6]]);
  });

  it("reads standard input, plain or compressed, and ends in time when it is closed early", async () => {
    const program = `
      import { fileSource } from "@millrace/drivers/files";
      const source = fileSource({ name: "in", path: "-", chunkBytes: 1000 });
      const [split] = await source.splits();
      const reader = await source.open({ split: split.id, lane: 0, lanes: 1, position: Number(process.env.FROM) });
      let rows = 0;
      if (process.env.EARLY === "1") setTimeout(() => reader.close().then(() => process.exit(7)), 300);
      for (let chunk = await reader.next(); chunk !== "end"; chunk = await reader.next()) rows += chunk.count;
      console.log(rows, split.parallel);
    `;
    const lines = Buffer.from(Array.from({ length: 1000 }, (_, i) => `{"i":${i}}\n`).join(""));
    const run = (input: Buffer, env: Record<string, string>, end = true): Promise<[string, number | null]> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, ["--conditions=millrace-source", "--input-type=module", "-e", program], {
          cwd: import.meta.dirname,
          env: { ...process.env, FROM: "0", ...env },
          stdio: ["pipe", "pipe", "inherit"],
        });
        let out = "";
        child.stdout.on("data", (text: Buffer) => (out += text.toString()));
        child.on("close", (code) => resolve([out.trim(), code]));
        child.stdin.write(input);
        if (end) child.stdin.end();
      });
    assert.deepEqual(await run(lines, {}), ["1000 false", 0]);
    assert.deepEqual(await run(gzipSync(lines), {}), ["1000 false", 0]);
    const [rest] = await run(zstdCompressSync(lines), { FROM: "5" });
    assert.equal(rest, `${1000 - lines.subarray(0, 5000).toString().trimEnd().split("\n").length} false`);
    const [, code] = await run(lines, { EARLY: "1" }, false);
    assert.equal(code, 7);
  });
});
