import { openEmbeddedLedger } from "@millrace/drivers/embedded";
import { BACKLOG, ROW_BYTES, type Candidate, type Step } from "./candidate.ts";

const GROUPS = 256;
const NO_PARTS = { state: [], sends: [], applied: [], appends: [] };

/** This repository's embedded ledger: rows go into one block per key group. */
export async function openLog(directory: string, keys: number, disk: boolean): Promise<Candidate> {
  const ledger = await openEmbeddedLedger({ directory, durability: disk ? "disk" : "process" });
  const { epoch, version: first } = await ledger.fence("p");
  let version = first;
  let overdue: readonly { group: number }[] = [];
  const fullBytes = Math.ceil(keys / GROUPS) * ROW_BYTES;
  const groups = Array.from({ length: GROUPS }, () => ({ bytes: new Uint8Array(1024), used: 0 }));

  const commit = async (parts: Partial<Parameters<typeof ledger.commit>[0]>): Promise<void> => {
    const result = await ledger.commit({ partition: "p", epoch, version: ++version, progress: PROGRESS, wakeAt: Infinity, ...NO_PARTS, ...parts });
    if (result.outcome !== "applied") throw new Error("refused");
    overdue = result.rewrite;
  };

  return {
    name: disk ? "log, disk" : "log",
    async commit({ sequence, keys: changed, rows, batch }: Step) {
      for (let i = 0; i < changed.length; i++) push(groups[changed[i] % GROUPS], rows, i * ROW_BYTES);
      const state = [];
      for (let group = 0; group < GROUPS; group++) {
        const { bytes, used } = groups[group];
        if (used > 0) state.push({ table: "t", group, full: false, bytes: bytes.subarray(0, used) });
        groups[group].used = 0;
      }
      for (const { group } of overdue) state.push({ table: "t", group, full: true, bytes: new Uint8Array(fullBytes) });
      const applied = sequence > BACKLOG ? [{ link: "l", sequence: sequence - BACKLOG }] : [];
      await commit({ state, sends: [{ link: "l", sequence, bytes: batch }], applied });
    },
    async fill(firstKey, rows, rowBytes) {
      const group = Math.floor(firstKey / (rows.length / rowBytes)) % GROUPS;
      await commit({ state: [{ table: "filled", group, full: false, bytes: rows }] });
    },
    async load() {
      let bytes = 0;
      for (const table of ["t", "filled"]) {
        for (const group of await ledger.groups(table)) {
          for (const block of await ledger.state({ table, group })) bytes += block.length;
        }
      }
      return bytes;
    },
    close: () => ledger.close(),
  };
}

const PROGRESS = new Uint8Array(200);

function push(group: { bytes: Uint8Array; used: number }, rows: Uint8Array, at: number): void {
  if (group.used + ROW_BYTES > group.bytes.length) {
    const larger = new Uint8Array(group.bytes.length * 2);
    larger.set(group.bytes);
    group.bytes = larger;
  }
  for (let i = 0; i < ROW_BYTES; i++) group.bytes[group.used + i] = rows[at + i];
  group.used += ROW_BYTES;
}
