import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodeValue, encodeValue } from "../codec/values.ts";
import type { Root } from "../contracts/ledger.ts";
import type { LaneProgress } from "./source-input.ts";

/** What a partition's root says of how far it has come; the engine's record within a commit. */
export interface Progress {
  readonly lanes: readonly LaneProgress[];
  /** By link: the last sequence applied, the watermark that came with it, and how many rows of the batch after it are done. */
  readonly links: ReadonlyMap<string, { readonly applied: number; readonly watermark: number; readonly rows: number }>;
  /** By link: the last sequence sent. */
  readonly sent: ReadonlyMap<string, number>;
  /** By exchange: the watermark last sent. */
  readonly watermarks: ReadonlyMap<string, number>;
  /** By operator id: the watermark up to which it has acted. State is only right together with it. */
  readonly operators: ReadonlyMap<string, number>;
}

export function emptyProgress(): Progress {
  return { lanes: [], links: new Map(), sent: new Map(), watermarks: new Map(), operators: new Map() };
}

export function encodeProgress(progress: Progress): Uint8Array {
  const writer = new ByteWriter();
  encodeValue(progress, writer);
  return writer.take();
}

/** The progress of a root; undefined where nothing was committed. */
export function decodeProgress(root: Root | undefined): Progress | undefined {
  return root === undefined || root.progress.length === 0 ? undefined : (decodeValue(new ByteReader(root.progress)) as Progress);
}
