import { decodeUtf8, encodeUtf8 } from "../codec/utf8.ts";
import type { Ledger, StateAddress, StateBlock } from "../contracts/ledger.ts";
import { MillraceError } from "../errors.ts";
import type { StateTable } from "../operators/state/table.ts";
import type { Pipeline } from "./pipeline.ts";

/** Keys or rows that tables hold, and about how much memory they take. */
export interface StateSize {
  readonly rows: number;
  readonly bytes: number;
}

/** The tables of a partition's operators, between memory and the ledger. */
export class PartitionState {
  readonly #tables = new Map<string, StateTable>();
  readonly #rewrite: StateAddress[] = [];

  /** Loads the key groups of one of `partitions`. Throws MILLRACE_STATE_MISMATCH for state in another format. */
  async load(pipeline: Pipeline, ledger: Ledger, index: number, partitions: number): Promise<void> {
    for (const { address, operator } of pipeline.stateful()) {
      for (const table of operator.tables) {
        const name = `${address}/${table.name}`;
        this.#tables.set(name, table);
        await checkFormat(ledger, name, table.format);
        for (const group of await ledger.groups(name)) {
          if (group % partitions !== index) continue;
          for (const block of await ledger.state({ table: name, group })) table.load(group, block);
        }
      }
    }
  }

  /** Addresses that the next commit shall hold whole. */
  rewrite(addresses: readonly StateAddress[]): void {
    this.#rewrite.push(...addresses);
  }

  get size(): StateSize {
    let rows = 0;
    let bytes = 0;
    for (const table of this.#tables.values()) {
      rows += table.size;
      bytes += table.memoryBytes;
    }
    return { rows, bytes };
  }

  /** What changed since the last call, and what is to be written anew. */
  takeChanges(): StateBlock[] {
    const blocks: StateBlock[] = [];
    const wanted = new Map<string, Set<number>>();
    for (const { table, group } of this.#rewrite.splice(0)) {
      const groups = wanted.get(table);
      if (groups === undefined) wanted.set(table, new Set([group]));
      else groups.add(group);
    }
    for (const [address, table] of this.#tables) {
      const whole = wanted.get(address);
      table.changes((group, bytes) => {
        if (whole?.has(group) !== true) blocks.push({ table: address, group, full: false, bytes });
      });
      for (const group of whole ?? []) blocks.push({ table: address, group, full: true, bytes: table.full(group) ?? new Uint8Array(0) });
    }
    return blocks;
  }
}

async function checkFormat(ledger: Ledger, table: string, format: string): Promise<void> {
  const record = `format/${table}`;
  const written = await ledger.readRecord(record);
  if (written === undefined) {
    await ledger.writeRecord(record, encodeUtf8(format));
    return;
  }
  const before = decodeUtf8(written, 0, written.length);
  if (before === format) return;
  throw new MillraceError(
    "MILLRACE_STATE_MISMATCH",
    `state ${table}`,
    `it was written as ${before}, but this version of the workflow reads ${format}; give the operator another id to start it afresh`,
  );
}
