import { ByteReader } from "../../codec/bytes.ts";
import type { ValueAggregate } from "../../graph/aggregate.ts";
import { ValueHistogram } from "../../sketches/histogram.ts";
import { decodePoints } from "../../sketches/points-codec.ts";
import { TDigest } from "../../sketches/t-digest.ts";
import { fromDigest, toDigest, type Digest } from "./digest-value.ts";
import { distributionOf, encodedSketch, type Distribution, type DistributionOptions } from "./distribution.ts";
import type { MaybeNumber } from "./inputs.ts";

/** The distribution of the numbers, for later questions and for merging; exact with `{ exact: true }`. Null, undefined and NaN are passed over. */
export function digest<T>(input: (value: T) => MaybeNumber, options: DistributionOptions = {}): ValueAggregate<T, Distribution, Digest> {
  return distributionOf("digest", input, options, toDigest);
}

/**
 * One digest of all digests that an earlier stage made: `perWindow().aggregate({ all: mergeDigests(
 * (row) => row.speeds) })`. Exact digests give an exact one; among sketches the largest compression
 * counts, and exact ones merged with sketches give a sketch. What is no digest throws MILLRACE_DECODE
 * and becomes a dead letter.
 */
export function mergeDigests<T>(input: (value: T) => Digest | null | undefined): ValueAggregate<T, Merged, Digest> {
  return {
    form: "value",
    name: "digests",
    input(value) {
      const bytes = input(value);
      return bytes === null || bytes === undefined ? undefined : fromDigest(bytes);
    },
    init: () => ({ exact: undefined, sketch: undefined }),
    add: (merged, distribution: Distribution) =>
      distribution instanceof TDigest ? addSketch(merged, distribution) : addExact(merged, distribution),
    merge(merged, other) {
      if (other.exact !== undefined) addExact(merged, other.exact);
      if (other.sketch !== undefined) addSketch(merged, other.sketch);
      return merged;
    },
    result: ({ exact, sketch }) => toDigest(exact === undefined ? (sketch ?? new TDigest()) : sketch === undefined ? exact : both(exact, sketch)),
    encode({ exact, sketch }, writer) {
      writer.u8((exact === undefined ? 0 : EXACT) + (sketch === undefined ? 0 : SKETCH));
      exact?.encode(writer);
      sketch?.encode(writer);
    },
    decode(reader) {
      const which = reader.u8();
      return {
        exact: (which & EXACT) === 0 ? undefined : ValueHistogram.decode(reader),
        sketch: (which & SKETCH) === 0 ? undefined : TDigest.decode(reader),
      };
    },
  };
}

/** What `mergeDigests` gathers: both forms apart, so that the order in which they come does not matter. */
export interface Merged {
  exact: ValueHistogram | undefined;
  sketch: TDigest | undefined;
}

const EXACT = 1;
const SKETCH = 2;

function addExact(merged: Merged, other: ValueHistogram): Merged {
  merged.exact ??= new ValueHistogram();
  merged.exact.merge(other);
  return merged;
}

function addSketch(merged: Merged, other: TDigest): Merged {
  const before = merged.sketch;
  if (before === undefined || before.compression < other.compression) {
    merged.sketch = new TDigest(other.compression);
    if (before !== undefined) merged.sketch.merge(before);
  }
  merged.sketch?.merge(other);
  return merged;
}

function both(exact: ValueHistogram, sketch: TDigest): TDigest {
  const all = TDigest.decode(new ByteReader(encodedSketch(sketch)));
  const reader = new ByteReader(encodedSketch(exact));
  reader.skip(FORMAT_BYTES);
  const { length, value, weight } = decodePoints(reader);
  for (let i = 0; i < length; i++) all.add(value[i], weight[i]);
  return all;
}

/** A histogram's encoding is its format's number, then its points. */
const FORMAT_BYTES = 1;
