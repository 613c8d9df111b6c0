import { BACKLOG, keyOf, requireStore, ROW_BYTES, type Candidate } from "./candidate.ts";

interface Lmdb {
  transactionSync(body: () => void): void;
  putSync(key: Uint8Array, value: Uint8Array): void;
  removeSync(key: Uint8Array): void;
  getRange(options: object): Iterable<{ value: Uint8Array }>;
  close(): Promise<void>;
}

/** LMDB by lmdb-js: a put per row, all of a step in one transaction. */
export function openLmdb(directory: string, disk: boolean): Candidate {
  const { open } = requireStore("lmdb") as { open: (options: object) => Lmdb };
  const db = open({ path: directory, keyEncoding: "binary", encoding: "binary", noSync: !disk, mapSize: 2 ** 34 });
  return {
    name: disk ? "lmdb, disk" : "lmdb",
    commit({ sequence, keys, rows, batch }) {
      db.transactionSync(() => {
        for (let i = 0; i < keys.length; i++) db.putSync(keyOf(1, keys[i]), Buffer.from(rows.buffer, i * ROW_BYTES + 8, ROW_BYTES - 8));
        db.putSync(keyOf(2, sequence), batch);
        if (sequence > BACKLOG) db.removeSync(keyOf(2, sequence - BACKLOG));
        db.putSync(keyOf(0, 0), PROGRESS);
      });
    },
    fill(firstKey, rows, rowBytes) {
      db.transactionSync(() => {
        for (let at = 0, key = firstKey; at < rows.length; at += rowBytes, key++) db.putSync(keyOf(3, key), rows.subarray(at, at + rowBytes));
      });
    },
    load() {
      let bytes = 0;
      for (const { value } of db.getRange({})) bytes += value.length;
      return bytes;
    },
    close: () => db.close(),
  };
}

const PROGRESS = Buffer.alloc(200);
