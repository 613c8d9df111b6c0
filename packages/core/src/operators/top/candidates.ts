import { decodeValue, encodeValue } from "../../codec/values.ts";
import type { LatestForm } from "../window/latest-rows.ts";

/** A row that competes, and its score. */
export interface Candidate {
  readonly score: number;
  readonly row: Readonly<Record<string, unknown>>;
}

export const CANDIDATES: LatestForm<Candidate> = {
  name: "candidates",
  format: "candidates-1",
  encode({ score, row }, writer) {
    writer.f64(score);
    encodeValue(row, writer);
  },
  decode: (reader) => ({ score: reader.f64(), row: decodeValue(reader) as Candidate["row"] }),
};
