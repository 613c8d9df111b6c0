import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BACKLOG, ROW_BYTES, type Candidate } from "./candidate.ts";

/** SQLite as Node brings it: WAL, an upsert per row, all of a step in one transaction. */
export function openSqlite(directory: string, disk: boolean): Candidate {
  const db = new DatabaseSync(join(directory, "store.sqlite"));
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${disk ? "FULL" : "OFF"}; PRAGMA cache_size = -262144`);
  for (const table of ["rows", "batches", "filled"]) db.exec(`CREATE TABLE IF NOT EXISTS ${table} (key INTEGER PRIMARY KEY, value BLOB NOT NULL)`);
  const put = (table: string): string => `INSERT INTO ${table} VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
  const putRow = db.prepare(put("rows"));
  const putBatch = db.prepare(put("batches"));
  const putFilled = db.prepare(put("filled"));
  const removeBatch = db.prepare("DELETE FROM batches WHERE key = ?");
  return {
    name: disk ? "node:sqlite, disk" : "node:sqlite",
    commit({ sequence, keys, rows, batch }) {
      db.exec("BEGIN IMMEDIATE");
      for (let i = 0; i < keys.length; i++) putRow.run(keys[i], rows.subarray(i * ROW_BYTES + 8, (i + 1) * ROW_BYTES));
      putBatch.run(sequence, batch);
      if (sequence > BACKLOG) removeBatch.run(sequence - BACKLOG);
      putBatch.run(0, PROGRESS);
      db.exec("COMMIT");
    },
    fill(firstKey, rows, rowBytes) {
      db.exec("BEGIN IMMEDIATE");
      for (let at = 0, key = firstKey; at < rows.length; at += rowBytes, key++) putFilled.run(key, rows.subarray(at, at + rowBytes));
      db.exec("COMMIT");
    },
    load() {
      let bytes = 0;
      for (const table of ["rows", "batches", "filled"]) {
        for (const { value } of db.prepare(`SELECT value FROM ${table}`).iterate()) if (value instanceof Uint8Array) bytes += value.length;
      }
      return bytes;
    },
    close: () => db.close(),
  };
}

const PROGRESS = Buffer.alloc(200);
