import { parseJsonLines, validateRows } from "@millrace/core/internal";
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

/** Rows as a Standard Schema gives them back; those that it refuses are malformed, with its issues as the reason. */
export function validatingDecoder(
  decoder: RecordDecoder,
  schema: StandardSchemaV1,
  recordEnd: (bytes: Uint8Array, start: number, end: number) => number,
): RecordDecoder {
  return {
    keepsBytes: false,
    decode: (bytes, start, end) => {
      const decoded = decoder.decode(bytes, start, end);
      const { rows, sources, invalid } = validateRows(schema, decoded.rows);
      const refused = invalid.map(({ row, reason }): Malformed => {
        const from = decoded.offsets[row];
        return { line: 0, start: from, end: recordEnd(bytes, from, end), reason };
      });
      const malformed = refused.length === 0 ? decoded.malformed : [...decoded.malformed, ...refused].sort((a, b) => a.start - b.start);
      return { rows, offsets: Array.from(sources, (row) => decoded.offsets[row]), malformed };
    },
  };
}
