import type { Ledger, StateAddress, StateBlock } from "../contracts/ledger.ts";
import type { StateTable } from "../operators/state/table.ts";
import type { Pipeline } from "./pipeline.ts";
import { addressesOf, checkVersions, migrateGroup } from "./state-versions.ts";

/** Keys or rows that tables hold, and about how much memory they take. */
export interface StateSize {
  readonly rows: number;
  readonly bytes: number;
}

/** How much of what was migrated a commit writes anew, beside what it has to. */
const MIGRATED_BYTES = 16 * 1024 * 1024;

interface Held {
  readonly table: StateTable;
  /** Groups that were loaded from another address, which holds them until a commit writes them anew. */
  readonly migrated: Map<number, string>;
}

/** The tables of a partition's operators, between memory and the ledger. */
export class PartitionState {
  /** By the address at which they are written. */
  readonly #tables = new Map<string, Held>();
  /** Addresses of older versions, and that of now. */
  readonly #older = new Map<string, string>();
  readonly #rewrite: StateAddress[] = [];

  /**
   * Loads the key groups of one of `partitions`; what older versions wrote is migrated. Throws
   * MILLRACE_STATE_MISMATCH for state in another format, or of a version from which there is no way.
   */
  async load(pipeline: Pipeline, ledger: Ledger, index: number, partitions: number): Promise<void> {
    for (const { address, operator } of pipeline.stateful()) {
      for (const table of operator.tables) {
        const name = `${address}/${table.name}`;
        const { own, older } = await addressesOf(ledger, name, table);
        const held: Held = { table, migrated: new Map() };
        this.#tables.set(own, held);
        const groupsOf = async (from: string): Promise<number[]> => (await ledger.groups(from)).filter((group) => group % partitions === index);
        for (const { address: from, versions } of older) {
          this.#older.set(from, own);
          for (const group of await groupsOf(from)) {
            const blocks = (await ledger.state({ table: from, group })).filter((block) => block.length > 0);
            if (blocks.length === 0) continue;
            checkVersions(name, table, versions);
            for (const block of blocks) table.load(group, block);
            migrateGroup(name, table, group, versions);
            held.migrated.set(group, from);
          }
        }
        for (const group of await groupsOf(own)) {
          for (const block of await ledger.state({ table: own, group })) table.load(group, block);
        }
      }
    }
  }

  /** Whether something that was migrated is still to be written anew. */
  get migrating(): boolean {
    for (const { migrated } of this.#tables.values()) if (migrated.size > 0) return true;
    return false;
  }

  /** Addresses that the next commit shall hold whole. */
  rewrite(addresses: readonly StateAddress[]): void {
    this.#rewrite.push(...addresses);
  }

  get size(): StateSize {
    let rows = 0;
    let bytes = 0;
    for (const { table } of this.#tables.values()) {
      rows += table.size;
      bytes += table.memoryBytes;
    }
    return { rows, bytes };
  }

  /** What changed since the last call, what is to be written anew, and some of what was migrated. */
  takeChanges(): StateBlock[] {
    const blocks: StateBlock[] = [];
    const wanted = this.#takeRewrites(blocks);
    let bytes = 0;
    for (const [address, { table, migrated }] of this.#tables) {
      const whole = wanted.get(address) ?? new Set<number>();
      table.changes((group, changes) => {
        // A group lies at one address: what was migrated moves as a whole.
        if (migrated.has(group)) whole.add(group);
        if (!whole.has(group)) blocks.push({ table: address, group, full: false, bytes: changes });
      });
      const write = (group: number): void => {
        const full = table.full(group) ?? NOTHING;
        bytes += full.length;
        blocks.push({ table: address, group, full: true, bytes: full });
        const from = migrated.get(group);
        if (from !== undefined) blocks.push({ table: from, group, full: true, bytes: NOTHING });
        migrated.delete(group);
      };
      for (const group of whole) write(group);
      for (const group of [...migrated.keys()]) if (bytes < MIGRATED_BYTES) write(group);
    }
    return blocks;
  }

  /** The groups to be written whole, by the address of now; what is left at older addresses is nothing. */
  #takeRewrites(blocks: StateBlock[]): Map<string, Set<number>> {
    const wanted = new Map<string, Set<number>>();
    for (const { table, group } of this.#rewrite.splice(0)) {
      const own = this.#older.get(table);
      if (own !== undefined && this.#tables.get(own)?.migrated.get(group) !== table) {
        blocks.push({ table, group, full: true, bytes: NOTHING });
        continue;
      }
      const address = own ?? table;
      const groups = wanted.get(address);
      if (groups === undefined) wanted.set(address, new Set([group]));
      else groups.add(group);
    }
    return wanted;
  }
}

const NOTHING = new Uint8Array(0);
