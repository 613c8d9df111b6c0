import { MillraceError } from "@millrace/core";
import { createCsvDecoder, createNdjsonDecoder, csvBytes, ObjectRows, readHeader } from "@millrace/core/internal";
import type { Chunk, Field, Malformed, MalformedRow, NoChunk, Rows, SplitReader } from "@millrace/core/internal";
import { openCompressed, openPlain, openStandardInput } from "./byte-input.ts";
import type { ByteInput } from "./byte-input.ts";
import { ChunkCutter } from "./chunk-cutter.ts";
import type { Cut } from "./chunk-cutter.ts";
import { detectCompression, formatOf, STANDARD_INPUT_PATH } from "./input-files.ts";
import type { InputFile } from "./input-files.ts";
import { columnsDecoder, objectsDecoder, validatingDecoder } from "./record-decoder.ts";
import type { Compression, ReadOptions } from "./read-options.ts";
import type { RecordDecoder } from "./record-decoder.ts";
import { CsvScanner, LineScanner } from "./record-scanner.ts";

/** Which chunks of the files one reader takes: those of its lane, from a position on. */
export interface Lane {
  readonly lane: number;
  readonly lanes: number;
  readonly position: number;
}

/** Reads the chunks of a lane from files, one after the other. While a chunk is in use, the next one is being read. */
export class FileReader implements SplitReader {
  readonly #files: readonly InputFile[];
  readonly #options: ReadOptions;
  readonly #lanes: number;
  #wanted: number;
  readonly #input: ByteInput | undefined;
  #file = 0;
  /** Index of the current file's first chunk. */
  #firstChunk = 0;
  #open: OpenFile | undefined;
  #ahead: Promise<Piece | undefined> | undefined;
  #closed = false;

  /** `input`: what stands for standard input, open already. */
  constructor(files: readonly InputFile[], options: ReadOptions, { lane, lanes, position }: Lane, input?: ByteInput) {
    this.#input = input;
    this.#files = files;
    this.#options = options;
    this.#lanes = lanes;
    this.#wanted = position + ((((lane - position) % lanes) + lanes) % lanes);
  }

  async next(): Promise<Chunk | NoChunk> {
    let piece: Piece | undefined;
    try {
      piece = await (this.#ahead ?? this.#read());
    } catch (error) {
      // Closing ends a read that waits for more, such as of standard input.
      if (!this.#closed) throw error;
    }
    this.#ahead = undefined;
    if (piece === undefined || this.#closed) return "end";
    this.#wanted += this.#lanes;
    this.#ahead = this.#read();
    // A failure is told by the call of next() that would have had the chunk.
    this.#ahead.catch(() => undefined);
    return decodePiece(piece, this.#lanes);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (this.#open?.input ?? this.#input)?.close();
    await this.#ahead?.catch(() => undefined);
    await this.#open?.input.close();
    this.#open = undefined;
  }

  async #read(): Promise<Piece | undefined> {
    while (this.#file < this.#files.length && !this.#closed) {
      this.#open ??= await openFile(this.#files[this.#file].path, this.#options, this.#input);
      const file = this.#open;
      const cut = await file.cutter.cut(this.#wanted - this.#firstChunk);
      if (cut !== undefined) {
        const stored = file.input.stored() - file.told;
        file.told += stored;
        return { index: this.#wanted, next: this.#wanted + this.#lanes, cut, file, stored };
      }
      await file.input.close();
      this.#open = undefined;
      this.#firstChunk += file.cutter.chunks!;
      this.#file++;
    }
    return undefined;
  }
}

interface OpenFile {
  readonly input: ByteInput;
  readonly cutter: ChunkCutter;
  readonly decoder: RecordDecoder;
  /** Stored bytes that have been told of by chunks. */
  told: number;
}

interface Piece {
  readonly index: number;
  readonly next: number;
  readonly cut: Cut;
  readonly file: OpenFile;
  readonly stored: number;
}

const RAW_BYTES = 4096;
const NO_ROWS = new ObjectRows([]);

async function openFile(path: string, options: ReadOptions, opened: ByteInput | undefined): Promise<OpenFile> {
  const named = options.format === undefined ? formatOf(path) : { format: options.format, delimiter: /\.tsv(\.gz|\.zst)?$/i.test(path) ? "\t" : "," };
  const csv = { ...options.csv, delimiter: options.csv.delimiter ?? named.delimiter };
  const { delimiter, quote } = csvBytes(csv.delimiter, csv.quote);
  const scanner = named.format === "ndjson" ? new LineScanner() : new CsvScanner(delimiter, quote);
  const input = opened ?? (await openInput(path, options.compression));
  try {
    const cutter = new ChunkCutter(input, scanner, options);
    await cutter.skipMark();
    const plain = named.format === "ndjson" ? ndjsonDecoder(options) : await csvDecoder(path, cutter, csv, options);
    const recordEnd = (bytes: Uint8Array, start: number, end: number): number => {
      const found = scanner.fresh().findEnd(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, end);
      return found < 0 ? end : found;
    };
    const whole = named.format === "ndjson" && options.fields !== undefined ? objectsDecoder() : undefined;
    const decoder = options.validator === undefined ? plain : validatingDecoder(plain, options.validator, recordEnd, whole);
    return { input, cutter, decoder, told: 0 };
  } catch (error) {
    await input.close();
    throw error;
  }
}

async function openInput(path: string, compression: Compression | undefined): Promise<ByteInput> {
  if (path === STANDARD_INPUT_PATH) return openStandardInput(compression);
  const kind = compression ?? (await detectCompression(path));
  return kind === "none" ? openPlain(path) : openCompressed(path, kind);
}

function ndjsonDecoder({ fields }: ReadOptions): RecordDecoder {
  return fields === undefined ? objectsDecoder() : columnsDecoder(createNdjsonDecoder({ fields }));
}

/** Reads the file's header, unless one is given. A file without any record needs none. */
async function csvDecoder(path: string, cutter: ChunkCutter, csv: ReadOptions["csv"], options: ReadOptions): Promise<RecordDecoder> {
  let header = csv.header;
  if (header === undefined) {
    const bytes = await cutter.header();
    if (bytes === undefined) return objectsDecoder();
    header = headerOf(path, bytes, csv);
  }
  const fields = options.fields ?? header.map((name): Field => ({ name, type: "string", optional: false }));
  try {
    return columnsDecoder(createCsvDecoder({ fields, header, ...dialect(csv) }));
  } catch (cause) {
    throw inFile(path, cause, looksDivided(header));
  }
}

/** What divides the columns, where a header of one name shows that the delimiter does not. */
function looksDivided(header: readonly string[]): string {
  const found = header.length === 1 ? DELIMITERS.find(([delimiter]) => header[0].includes(delimiter)) : undefined;
  return found === undefined ? "" : `; the columns look divided by ${found[1]}: set \`csv.delimiter\` (--delimiter) to it`;
}

const DELIMITERS = [[";", '";"'], ["\t", "tabs"], ["|", '"|"'], [",", '","']] as const;

function headerOf(path: string, bytes: Buffer, csv: ReadOptions["csv"]): readonly string[] {
  try {
    const found = readHeader(bytes, dialect(csv)) ?? readHeader(Buffer.concat([bytes, Buffer.from("\n")]), dialect(csv));
    if (found !== undefined) return found.header;
  } catch (cause) {
    throw inFile(path, cause, /^\s*\{/.test(bytes.toString()) ? '; it looks like NDJSON: set `format` (--format) to "ndjson"' : "");
  }
  throw new MillraceError("MILLRACE_DECODE", `file ${path}`, "its first line, the CSV header, has a quote that is not closed; correct it, or give `csv.header`");
}

function dialect({ delimiter, quote }: ReadOptions["csv"]): { readonly delimiter?: string; readonly quote?: string } {
  return { ...(delimiter === undefined ? {} : { delimiter }), ...(quote === undefined ? {} : { quote }) };
}

/** The core's decoders do not know the file's name, nor what else it may be. */
function inFile(path: string, cause: unknown, hint: string): unknown {
  return cause instanceof MillraceError ? new MillraceError(cause.code, `file ${path}`, `${cause.message}${hint}`, { cause }) : cause;
}

function decodePiece(piece: Piece, lanes: number): Chunk {
  const { cut, file } = piece;
  const { start } = cut;
  let { end } = cut;
  let rows: Rows = NO_ROWS;
  let malformed: readonly Malformed[] = [];
  if (end > start) {
    // The last record of a file may lack its line feed; there is room for it.
    if (cut.bytes[end - 1] !== LINE_FEED) cut.bytes[end++] = LINE_FEED;
    ({ rows, malformed } = file.decoder.decode(new Uint8Array(cut.bytes.buffer, cut.bytes.byteOffset, end), start, end));
  }
  const told = malformed.map((found): MalformedRow => ({
    position: `${file.input.name}@${cut.offset + found.start - start}`,
    raw: rawText(cut.bytes.subarray(found.start, Math.min(found.end, found.start + RAW_BYTES)), found.end - found.start),
    reason: found.reason,
  }));
  if (cut.overlong !== undefined) {
    const { offset, length, head } = cut.overlong;
    told.push({
      position: `${file.input.name}@${offset}`,
      raw: rawText(head, length),
      reason: `the record has ${length} bytes, more than a record may have; raise \`maxRecordBytes\`, or check for a quote that is not closed`,
    });
  }
  if (!file.decoder.keepsBytes) file.cutter.release(cut);
  const bytes = file.input.size === undefined ? Math.round(piece.stored / lanes) : end - start;
  return { index: piece.index, next: piece.next, count: rows.length, rows, malformed: told, bytes };
}

const LINE_FEED = 10;

/** The text of the beginning of a record of `length` bytes, without its line end: broken UTF-8 is replaced, a character cut in two left out. */
function rawText(bytes: Buffer, length: number): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return decoder.decode(bytes, { stream: bytes.length < length }).replace(/\r?\n$/, "");
}
