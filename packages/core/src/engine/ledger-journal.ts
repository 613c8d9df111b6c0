import type { Journal } from "../contracts/bucket.ts";
import type { Ledger } from "../contracts/ledger.ts";
import { decodeUtf8, encodeUtf8 } from "../codec/utf8.ts";

/** Lines a record: each line written rewrites its record. */
const LINES_A_RECORD = 128;

/** A source's journal, kept as records of the ledger: so that what a position means survives with the position. */
export class LedgerJournal implements Journal {
  readonly #ledger: Ledger;
  readonly #name: string;
  /** The latest record's number and lines. */
  #record = 0;
  #lines: string[] = [];

  constructor(ledger: Ledger, name: string) {
    this.#ledger = ledger;
    this.#name = name;
  }

  async read(): Promise<readonly string[]> {
    const all: string[] = [];
    for (let record = 0; ; record++) {
      const bytes = await this.#ledger.readRecord(this.#recordName(record));
      if (bytes === undefined) return all;
      this.#record = record;
      this.#lines = decodeUtf8(bytes, 0, bytes.length).split("\n");
      all.push(...this.#lines);
    }
  }

  async append(line: string): Promise<void> {
    if (this.#lines.length >= LINES_A_RECORD) {
      this.#record++;
      this.#lines = [];
    }
    this.#lines.push(line);
    await this.#ledger.writeRecord(this.#recordName(this.#record), encodeUtf8(this.#lines.join("\n")));
  }

  #recordName(record: number): string {
    return `journal/${this.#name}/${record}`;
  }
}
