import { createRequire } from "node:module";
import { join } from "node:path";

/** What one step makes: changed rows (key and value), a batch for a link, and the batch that is done with. */
export interface Step {
  readonly sequence: number;
  /** Key numbers of the rows. */
  readonly keys: Int32Array;
  /** The rows' bytes, one after the other. */
  readonly rows: Uint8Array;
  readonly batch: Uint8Array;
}

export interface Candidate {
  readonly name: string;
  commit(step: Step): Promise<void> | void;
  /** Puts rows that are new, in the order of their keys; to fill the store. */
  fill(firstKey: number, rows: Uint8Array, rowBytes: number): Promise<void> | void;
  /** Reads all of the state, as a restart with its state in memory would; gives the bytes. */
  load(): Promise<number> | number;
  close(): Promise<void> | void;
}

/** Applied batches are forgotten this many steps after they were sent. */
export const BACKLOG = 10;
export const ROW_BYTES = 40;

/** A package installed in the folder MILLRACE_STORES, outside the repository. */
export function requireStore(name: string): unknown {
  const folder = process.env["MILLRACE_STORES"];
  if (folder === undefined) throw new Error(`set MILLRACE_STORES to a folder where ${name} is installed`);
  return createRequire(join(folder, "x.js"))(name);
}

/** Eight bytes in key order. */
export function keyOf(space: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeUInt32BE(space, 0);
  key.writeUInt32BE(number, 4);
  return key;
}
