import { ObjectRows, parseJsonLines, validateRows } from "@millrace/core/internal";
import type { Decoder, Malformed, Rows, StandardSchemaV1 } from "@millrace/core/internal";

/** What a chunk's bytes came to. */
export interface DecodedRecords {
  readonly rows: Rows;
  /** Where each row begins in the bytes. */
  readonly offsets: ArrayLike<number>;
  readonly malformed: readonly Malformed[];
}

/** Turns whole records in bytes into rows. */
export interface RecordDecoder {
  /** Whether the rows point into the bytes, which must then stay as they are. */
  readonly keepsBytes: boolean;
  decode(bytes: Uint8Array, start: number, end: number): DecodedRecords;
}

/** Rows in columns, by one of the core's decoders. */
export function columnsDecoder(decoder: Decoder): RecordDecoder {
  const sink = decoder.createSink();
  return {
    keepsBytes: decoder.fields.some((field) => field.type === "string"),
    decode: (bytes, start, end) => {
      decoder.decode(bytes, start, end, sink);
      return sink.take();
    },
  };
}

/** Rows that are objects, each line of JSON one. */
export function objectsDecoder(): RecordDecoder {
  return { keepsBytes: false, decode: parseJsonLines };
}

/**
 * Rows as a Standard Schema gives them back; those that it refuses are malformed, with its issues as
 * the reason. What the decoder refuses is asked of `whole`, where there is one: a schema may take more
 * than what it says of its input (one that coerces, or that catches what does not match).
 */
export function validatingDecoder(
  decoder: RecordDecoder,
  schema: StandardSchemaV1,
  recordEnd: (bytes: Uint8Array, start: number, end: number) => number,
  whole?: RecordDecoder,
): RecordDecoder {
  const validated = (decoded: DecodedRecords, bytes: Uint8Array, end: number): DecodedRecords => {
    const { rows, sources, invalid } = validateRows(schema, decoded.rows);
    const refused = invalid.map(({ row, reason }): Malformed => {
      const from = decoded.offsets[row];
      return { line: 0, start: from, end: recordEnd(bytes, from, end), reason };
    });
    const malformed = refused.length === 0 ? decoded.malformed : [...decoded.malformed, ...refused].sort((a, b) => a.start - b.start);
    return { rows, offsets: Array.from(sources, (row) => decoded.offsets[row]), malformed };
  };
  const decode = (bytes: Uint8Array, start: number, end: number): DecodedRecords => {
    const decoded = decoder.decode(bytes, start, end);
    if (whole === undefined || decoded.malformed.length === 0) return validated(decoded, bytes, end);
    const again = decoded.malformed.map((one) => validated(whole.decode(bytes, one.start, one.end), bytes, one.end));
    const refused = decoded.malformed.filter((_, i) => again[i].rows.length === 0);
    return inOrder([validated({ ...decoded, malformed: refused }, bytes, end), ...again.map((one) => ({ ...one, malformed: [] }))]);
  };
  return { keepsBytes: false, decode };
}

/** What was decoded of the same bytes in parts, as one, by where rows begin. */
function inOrder(parts: readonly DecodedRecords[]): DecodedRecords {
  const rows = parts.flatMap((part) => Array.from({ length: part.rows.length }, (_, row) => ({ value: part.rows.get(row), offset: part.offsets[row] })));
  rows.sort((a, b) => a.offset - b.offset);
  return { rows: new ObjectRows(rows.map(({ value }) => value)), offsets: rows.map(({ offset }) => offset), malformed: parts.flatMap(({ malformed }) => malformed) };
}
