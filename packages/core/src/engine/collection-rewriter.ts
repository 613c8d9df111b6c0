import type { Commit, Ledger, StateAddress } from "../contracts/ledger.ts";
import type { CollectionStore } from "./collections.ts";

const PARTITION = "collections";
const NOTHING = new Uint8Array(0);
/** Groups written anew in one commit. */
const GROUPS_A_COMMIT = 16;

/**
 * Writes groups of collections anew where the ledger asks for it. Many partitions may write one
 * collection, so none of them can say what all of a group is; the store of rows can, while no commit
 * that changes the collection is under way.
 */
export class CollectionRewriter {
  readonly #ledger: Ledger;
  readonly #collections: CollectionStore;
  readonly #wanted = new Map<string, StateAddress>();
  /** Commits under way that change a table. */
  readonly #changing = new Map<string, number>();
  #lease: { readonly epoch: number; version: number } | undefined;
  #busy = false;

  constructor(ledger: Ledger, collections: CollectionStore) {
    this.#ledger = ledger;
    this.#collections = collections;
  }

  began(commit: Commit): void {
    for (const { table } of commit.state) if (this.#collections.owns(table)) this.#changing.set(table, (this.#changing.get(table) ?? 0) + 1);
  }

  ended(commit: Commit): void {
    for (const { table } of commit.state) if (this.#collections.owns(table)) this.#changing.set(table, (this.#changing.get(table) ?? 0) - 1);
    void this.#rewrite();
  }

  want(address: StateAddress): void {
    this.#wanted.set(`${address.table}/${address.group}`, address);
    void this.#rewrite();
  }

  /** Never rejects: what could not be written anew is asked for again. */
  async #rewrite(): Promise<void> {
    if (this.#busy || this.#wanted.size === 0) return;
    this.#busy = true;
    try {
      if (this.#lease === undefined) {
        const { epoch, version } = await this.#ledger.fence(PARTITION);
        this.#lease = { epoch, version };
      }
      // From here to the commit nothing is awaited: the blocks are all of their groups.
      const state = [];
      for (const [name, address] of this.#wanted) {
        if ((this.#changing.get(address.table) ?? 0) > 0) continue;
        this.#wanted.delete(name);
        state.push({ ...address, full: true, bytes: this.#collections.full(address.table, address.group) });
        if (state.length === GROUPS_A_COMMIT) break;
      }
      if (state.length === 0) return;
      const { epoch } = this.#lease;
      const version = ++this.#lease.version;
      const result = await this.#ledger.commit({ partition: PARTITION, epoch, version, progress: NOTHING, wakeAt: Infinity, state, sends: [], applied: [], appends: [] });
      if (result.outcome === "refused") this.#lease = undefined;
    } catch {
      this.#lease = undefined;
    } finally {
      this.#busy = false;
    }
  }
}
