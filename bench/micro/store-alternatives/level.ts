import { BACKLOG, keyOf, requireStore, ROW_BYTES, type Candidate } from "./candidate.ts";

interface Batch {
  put(key: Uint8Array, value: Uint8Array): void;
  del(key: Uint8Array): void;
  write(options: { sync: boolean }): Promise<void>;
}

interface Level {
  open(): Promise<void>;
  batch(): Batch;
  values(): AsyncIterable<Uint8Array> & { nextv(size: number): Promise<Uint8Array[]>; close(): Promise<void> };
  close(): Promise<void>;
}

/** LevelDB by classic-level: a put per row, all of a step in one batch. */
export async function openLevel(directory: string, disk: boolean): Promise<Candidate> {
  const { ClassicLevel } = requireStore("classic-level") as { ClassicLevel: new (path: string, options: object) => Level };
  const db = new ClassicLevel(directory, { keyEncoding: "buffer", valueEncoding: "buffer", compression: false });
  await db.open();
  return {
    name: disk ? "classic-level, disk" : "classic-level",
    async commit({ sequence, keys, rows, batch }) {
      const writes = db.batch();
      for (let i = 0; i < keys.length; i++) writes.put(keyOf(1, keys[i]), Buffer.from(rows.buffer, i * ROW_BYTES + 8, ROW_BYTES - 8));
      writes.put(keyOf(2, sequence), batch);
      if (sequence > BACKLOG) writes.del(keyOf(2, sequence - BACKLOG));
      writes.put(keyOf(0, 0), PROGRESS);
      await writes.write({ sync: disk });
    },
    async fill(firstKey, rows, rowBytes) {
      const writes = db.batch();
      for (let at = 0, key = firstKey; at < rows.length; at += rowBytes, key++) writes.put(keyOf(3, key), rows.subarray(at, at + rowBytes));
      await writes.write({ sync: false });
    },
    async load() {
      let bytes = 0;
      const values = db.values();
      for (let some = await values.nextv(1000); some.length > 0; some = await values.nextv(1000)) {
        for (const value of some) bytes += value.length;
      }
      await values.close();
      return bytes;
    },
    close: () => db.close(),
  };
}

const PROGRESS = Buffer.alloc(200);
