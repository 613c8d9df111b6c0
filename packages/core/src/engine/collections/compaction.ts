import { ByteWriter } from "../../codec/bytes.ts";
import { encodeValue } from "../../codec/values.ts";
import type { Ledger, StateBlock } from "../../contracts/ledger.ts";
import type { Topics } from "../../contracts/topics.ts";
import { MillraceError } from "../../errors.ts";
import { changeLogOf } from "../../graph/refs.ts";
import { SNAPSHOTS, snapshotVersions, type CollectionStore } from "./store.ts";

/** A commit of a snapshot holds about so much, so that it does not keep others waiting. */
const COMMIT_BYTES = 1024 * 1024;

export interface CompactionOptions {
  readonly ledger: Ledger & Topics;
  readonly store: CollectionStore;
  /** A change log is left alone up to this many bytes, and up to twice the size of its last snapshot. */
  readonly leastBytes: number;
  /** The least position that a workflow still has to read a collection from; Infinity: none reads it. */
  readonly readFrom: (collection: string) => Promise<number>;
}

/**
 * Bounds change logs: writes a snapshot of a collection's rows, a few key groups a commit, then trims
 * what every reader has passed. While it is under way the rows change; the log is replayed from where
 * the snapshot began, so each row ends as its last change says.
 */
export class Compaction {
  readonly #options: CompactionOptions;
  readonly #snapshotBytes = new Map<string, number>();
  #lease: { readonly epoch: number; version: number } | undefined;
  #running = false;
  readonly #wanted = new Set<string>();

  constructor(options: CompactionOptions) {
    this.#options = options;
  }

  /** A collection's change log has grown. Never rejects: what fails is tried again when it grows on. */
  consider(name: string): void {
    const { store, leastBytes } = this.#options;
    if (!store.has(name) || store.snapshotOf(name).logBytes < Math.max(leastBytes, 2 * (this.#snapshotBytes.get(name) ?? 0))) return;
    this.#wanted.add(name);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (const name of this.#wanted) {
        this.#wanted.delete(name);
        await this.#compact(name);
      }
    } catch {
      this.#lease = undefined;
      this.#wanted.clear();
    }
    this.#running = false;
  }

  async #compact(name: string): Promise<void> {
    const { ledger, store, readFrom } = this.#options;
    const { rows, logBytes } = store.snapshotOf(name);
    const { version } = rows;
    const table = changeLogOf(name);
    const versions = await snapshotVersions(ledger);
    let state: StateBlock[] = [];
    let bytes = 0;
    let all = 0;
    for (const group of new Set([...(await ledger.groups(table)), ...rows.groups()])) {
      const block = rows.block(group);
      all += block.length;
      bytes += block.length;
      state.push({ table, group, full: true, bytes: block });
      if (bytes < COMMIT_BYTES) continue;
      await this.#commit(versions, state);
      state = [];
      bytes = 0;
    }
    await this.#commit(versions.set(name, version), state);
    this.#snapshotBytes.set(name, all);
    store.snapshotted(name, logBytes);
    await ledger.trim(table, 0, Math.min(version, await readFrom(name)));
  }

  async #commit(versions: ReadonlyMap<string, number>, state: readonly StateBlock[]): Promise<void> {
    const { ledger } = this.#options;
    if (this.#lease === undefined) {
      const { epoch, version } = await ledger.fence(SNAPSHOTS);
      this.#lease = { epoch, version };
    }
    const { epoch } = this.#lease;
    const version = ++this.#lease.version;
    const writer = new ByteWriter();
    encodeValue(versions, writer);
    const result = await ledger.commit({ partition: SNAPSHOTS, epoch, version, progress: writer.take(), wakeAt: Infinity, state, sends: [], applied: [], appends: [] });
    if (result.outcome === "refused") throw new MillraceError("MILLRACE_FENCED", "collections", "another process compacts their change logs now");
  }
}
