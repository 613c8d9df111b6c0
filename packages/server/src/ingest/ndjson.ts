import type { Topic } from "@millrace/core";
import { createNdjsonDecoder, fieldsOf, ObjectRows, parseJsonLines, validateRows, type Malformed, type Rows } from "@millrace/core/internal";
import type { BodyAccount } from "../http/body.ts";
import { checkCounts, faultOf, needsCheck, ROW_BYTES, type Decoded, type DecodedPart, type RefusedAtom } from "./decoded.ts";

/** Turns the lines of a request into rows of one topic; made once, and used again, since it remembers how lines look. */
export type LinesDecoder = (body: Uint8Array, account: BodyAccount) => Promise<Decoded>;

/** About how many bytes are decoded before other requests have their turn. */
const PIECE = 512 * 1024;

/**
 * NDJSON by the decoders that files have: straight into columns where the schema tells its fields, else
 * by JSON.parse; then by the schema itself where it is not Millrace's own.
 */
export function linesDecoder(topic: Topic<unknown>): LinesDecoder {
  const { schema } = topic;
  const fields = schema === undefined ? undefined : fieldsOf(schema);
  const validator = schema !== undefined && schema["~standard"].vendor !== "millrace" ? schema : undefined;
  const decoder = fields === undefined ? undefined : createNdjsonDecoder({ fields });
  // Shared by all requests: it is emptied before another has its turn.
  const sink = decoder?.createSink();
  const jsonFields = fields?.some(({ type }) => type === "json") ?? true;

  const decode = (body: Uint8Array, start: number, end: number): Piece => {
    if (decoder === undefined || sink === undefined) return parseJsonLines(body, start, end);
    decoder.decode(body, start, end, sink);
    return sink.take();
  };

  return async (body, account) => {
    const parts: DecodedPart[] = [];
    const malformed: Refusal[] = [];
    let taken = 0;
    for (let start = 0; start < body.length; ) {
      if (start > 0) await new Promise((resolve) => setImmediate(resolve));
      const end = pieceEnd(body, start);
      const decoded = decode(body, start, end);
      let { rows, offsets } = decoded;
      for (const one of decoded.malformed) malformed.push(one);
      if (validator !== undefined) {
        const { rows: valid, sources, invalid } = validateRows(validator, rows);
        for (const { row, reason } of invalid) malformed.push(lineAt(body, offsets[row], reason));
        const before = offsets;
        offsets = Float64Array.from(sources, (row) => before[row]);
        rows = valid;
      }
      if (needsCheck(topic, rows, jsonFields)) {
        const faults = new Map<number, string>();
        for (let row = 0; row < rows.length; row++) {
          const fault = faultOf(topic, rows.get(row));
          if (fault !== undefined) faults.set(row, fault);
        }
        for (const [row, reason] of faults) malformed.push(lineAt(body, offsets[row], reason));
        if (faults.size > 0) rows = without(rows, faults);
      }
      if (rows.length > 0) parts.push({ rows });
      taken += rows.length;
      checkCounts(topic.name, taken, malformed.length);
      account.take(rows.length * ROW_BYTES);
      start = end;
    }
    return { parts, refused: numbered(body, malformed) };
  };
}

interface Piece {
  readonly rows: Rows;
  readonly offsets: Float64Array;
  readonly malformed: readonly Malformed[];
}

type Refusal = Pick<Malformed, "start" | "end" | "reason">;

const LF = 10, CR = 13;
/** What is kept of a line's text. */
const LONGEST_RAW = 1024 * 1024;

function pieceEnd(body: Uint8Array, start: number): number {
  if (body.length - start <= PIECE) return body.length;
  const at = body.indexOf(LF, start + PIECE);
  return at === -1 ? body.length : at + 1;
}

function lineAt(body: Uint8Array, start: number, reason: string): Refusal {
  const found = body.indexOf(LF, start);
  let end = found === -1 ? body.length : found;
  if (end > start && body[end - 1] === CR) end--;
  return { start, end, reason };
}

function without(rows: Rows, bad: ReadonlyMap<number, unknown>): Rows {
  const good: unknown[] = [];
  for (let row = 0; row < rows.length; row++) if (!bad.has(row)) good.push(rows.get(row));
  return new ObjectRows(good);
}

/** The refused lines in their order, with their numbers and texts. */
function numbered(body: Uint8Array, malformed: Refusal[]): RefusedAtom[] {
  const text = new TextDecoder();
  let line = 1;
  let counted = 0;
  return malformed
    .sort((a, b) => a.start - b.start)
    .map(({ start, end, reason }) => {
      for (let at = body.indexOf(LF, counted); at !== -1 && at < start; at = body.indexOf(LF, at + 1)) {
        line++;
        counted = at + 1;
      }
      return { line, reason, raw: text.decode(body.subarray(start, Math.min(end, start + LONGEST_RAW))) };
    });
}
