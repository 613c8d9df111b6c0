import type { Segments } from "./segments.ts";
import { CHUNK_STRIDE, decodeChunks, type Run } from "./topic-log.ts";

/** Chunks (48 bytes each) of finished segments that are kept in memory after they were used. */
const KEPT_CHUNKS = 1 << 18;

/** The chunk tables of runs: of the segment being written from memory, of others from their files. */
export class ChunkTables {
  readonly #segments: Segments;
  readonly #kept = new Map<Run, number[]>();
  #keptChunks = 0;

  constructor(segments: Segments) {
    this.#segments = segments;
  }

  /** Chunks of a run (see CHUNK_STRIDE); some before its `first` may be gone. */
  get(run: Run): readonly number[] {
    if (run.chunks !== undefined) return run.chunks;
    const kept = this.#kept.get(run);
    if (kept !== undefined) {
      this.#kept.delete(run);
      this.#kept.set(run, kept);
      return kept;
    }
    const [table] = this.#segments.read([run.segment, run.tablePosition, run.tableLength, run.tableChecksum]);
    return this.#keep(run, decodeChunks(table));
  }

  /** Notes where the table of a run was written; its chunks leave the index. */
  store(run: Run, position: number, length: number, checksum: number): void {
    run.tablePosition = position;
    run.tableLength = length;
    run.tableChecksum = checksum;
    if (run.chunks !== undefined) this.#keep(run, run.chunks);
    run.chunks = undefined;
  }

  #keep(run: Run, chunks: number[]): number[] {
    this.#kept.set(run, chunks);
    this.#keptChunks += chunks.length / CHUNK_STRIDE;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptChunks <= KEPT_CHUNKS || oldest === run) break;
      this.#kept.delete(oldest);
      this.#keptChunks -= length / CHUNK_STRIDE;
    }
    return chunks;
  }
}
