import { ByteWriter, type ByteReader } from "../../codec/bytes.ts";
import type { ValueAggregate } from "../../graph/aggregate.ts";
import { ValueHistogram } from "../../sketches/histogram.ts";
import { TDigest } from "../../sketches/t-digest.ts";
import { numberInput, type MaybeNumber } from "./inputs.ts";

export interface DistributionOptions {
  /**
   * Keeps every distinct value with its count: answers are exact whatever the cuts, memory grows with
   * the distinct values. Default false: a t-digest, exact up to 5 * compression distinct values.
   */
  readonly exact?: boolean;
  /** Size and accuracy of the t-digest, 10 to 10,000; default 200, within 0.4% of the ranks at the median, far less at the ends. */
  readonly compression?: number;
}

/** Either form of a distribution. */
export type Distribution = TDigest | ValueHistogram;

/** An aggregate that gathers numbers into a distribution and gives something read from it. */
export function distributionOf<T, R>(
  aggregate: string,
  input: (value: T) => MaybeNumber,
  options: DistributionOptions,
  result: (distribution: Distribution) => R,
): ValueAggregate<T, Distribution, R> {
  const { exact, compression } = options;
  // Made once here so that a compression that cannot be is refused where it was written.
  const sketch = new TDigest(compression);
  const make = exact === true ? () => new ValueHistogram() : () => new TDigest(sketch.compression);
  return {
    form: "value",
    name: exact === true ? "histogram" : `t-digest-${sketch.compression}`,
    input: numberInput(aggregate, input),
    number: input,
    init: make,
    add(distribution, x: number) {
      distribution.add(x);
      return distribution;
    },
    merge(distribution, other) {
      distribution.merge(other as never);
      return distribution;
    },
    mergeEncoded(distribution, reader) {
      distribution.mergeEncoded(reader);
      return distribution;
    },
    result,
    encode: (distribution, writer) => distribution.encode(writer),
    decode: (reader: ByteReader) => (exact === true ? ValueHistogram.decode(reader) : TDigest.decode(reader)),
  };
}

/** A sketch's bytes in an array of their own. */
export function encodedSketch(sketch: { encode(writer: ByteWriter): void }): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  sketch.encode(writer);
  return writer.take();
}
