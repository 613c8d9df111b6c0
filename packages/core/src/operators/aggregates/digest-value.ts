import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { MillraceError } from "../../errors.ts";
import { ValueHistogram } from "../../sketches/histogram.ts";
import { TDigest } from "../../sketches/t-digest.ts";
import type { Distribution } from "./distribution.ts";

declare const brand: unique symbol;

/**
 * A distribution of numbers as plain bytes, so that it travels in rows, topics and collections. Read
 * it with `quantileOf`, `medianOf`, `countOf`, `minOf` and `maxOf`; combine it with `mergeDigests`.
 * Like every value it must not be changed.
 */
export type Digest = Uint8Array & { readonly [brand]: "digest" };

/** The q-quantile of a digest, q in 0..1; undefined of nothing. Throws MILLRACE_USAGE for another q, MILLRACE_DECODE for what is no digest. */
export function quantileOf(digest: Digest, q: number): number | undefined {
  const value = fromDigest(digest).quantile(q);
  return value === value ? value : undefined;
}

/** The median of a digest; undefined of nothing. */
export function medianOf(digest: Digest): number | undefined {
  return quantileOf(digest, 0.5);
}

/** How many numbers a digest holds. */
export function countOf(digest: Digest): number {
  return fromDigest(digest).count;
}

/** The smallest number of a digest; undefined of nothing. */
export function minOf(digest: Digest): number | undefined {
  const distribution = fromDigest(digest);
  return distribution.count === 0 ? undefined : distribution.min;
}

/** The largest number of a digest; undefined of nothing. */
export function maxOf(digest: Digest): number | undefined {
  const distribution = fromDigest(digest);
  return distribution.count === 0 ? undefined : distribution.max;
}

/** The digest of a distribution, which stays as it is. */
export function toDigest(distribution: Distribution): Digest {
  writer.u8(distribution instanceof TDigest ? SKETCH : EXACT);
  distribution.encode(writer);
  return writer.take() as unknown as Digest;
}

/** The distribution of a digest, one's own to change. Throws MILLRACE_DECODE for what is no digest. */
export function fromDigest(digest: Digest): Distribution {
  try {
    const reader = new ByteReader(digest);
    const form = reader.u8();
    const distribution = form === EXACT ? ValueHistogram.decode(reader) : form === SKETCH ? TDigest.decode(reader) : undefined;
    if (distribution !== undefined && reader.remaining === 0) return distribution;
  } catch (cause) {
    throw new MillraceError("MILLRACE_DECODE", "digest", "its bytes are no digest; pass on what digest() gave, unchanged", { cause });
  }
  throw new MillraceError("MILLRACE_DECODE", "digest", "its bytes are no digest; pass on what digest() gave, unchanged");
}

const EXACT = 1;
const SKETCH = 2;

const writer = new ByteWriter();
