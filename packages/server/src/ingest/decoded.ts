import type { Topic } from "@millrace/core";
import { ByteWriter, checkStorable, encodeKey, ObjectRows, type RequestKey, type Rows } from "@millrace/core/internal";
import { RequestProblem } from "../http/problem.ts";
import type { MalformedAtom } from "../types.ts";

/** An atom that could not be read, with its text: it goes to the dead letters. */
export interface RefusedAtom extends MalformedAtom {
  readonly raw: string;
  /** Tells its repeats. */
  readonly key?: RequestKey;
}

/** Atoms of a request that match the topic's schema. */
export interface DecodedPart {
  readonly rows: Rows;
  readonly times?: Float64Array;
  readonly keys?: readonly RequestKey[];
}

/** What a request's body came to. */
export interface Decoded {
  readonly parts: readonly DecodedPart[];
  readonly refused: readonly RefusedAtom[];
}

/** About what an atom costs while it waits for its commit, beside its text. */
export const ROW_BYTES = 64;

/** Short atoms take far more memory than their text: a request has at most so many, and so many malformed ones. */
const MOST_ATOMS = 1_000_000;
const MOST_MALFORMED = 10_000;

/** Throws 413 for a request of too many atoms, and 422 for one of too many malformed ones. */
export function checkCounts(topic: string, atoms: number, malformed: number): void {
  if (atoms > MOST_ATOMS) {
    throw new RequestProblem(413, "MILLRACE_USAGE", `topic ${topic}`, `the request has more than ${MOST_ATOMS} atoms, and nothing was appended; send it in several`);
  }
  if (malformed > MOST_MALFORMED) {
    throw new RequestProblem(422, "MILLRACE_SCHEMA", `topic ${topic}`, `more than ${MOST_MALFORMED} atoms of the request are malformed, and nothing was appended; is it of the topic's schema?`);
  }
}

/** Why a row cannot be appended to the topic: its value cannot be stored, or has no key; undefined: it can. */
export function faultOf(topic: Topic<unknown>, value: unknown): string | undefined {
  try {
    checkStorable(value);
    if (topic.partitions > 1 && topic.key !== undefined) encodeKey(topic.key(value), new ByteWriter(32));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether rows must be looked at by `faultOf`: not where they are columns of plain fields and one partition takes all. */
export function needsCheck(topic: Topic<unknown>, rows: Rows, jsonFields: boolean): boolean {
  return rows instanceof ObjectRows || jsonFields || (topic.partitions > 1 && topic.key !== undefined);
}
