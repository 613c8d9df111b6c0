/**
 * Finds where records end, without decoding them. A scanner is fed every byte from the start of a
 * file's records on, in pieces of any size; a stateless one may also be fed from anywhere.
 */
export interface RecordScanner {
  /** Whether a record's end can be told without the bytes before it. */
  readonly stateless: boolean;
  /** Takes note of `bytes[from, to)`. */
  skip(bytes: Buffer, from: number, to: number): void;
  /** The offset after the first record that ends in `bytes[from, to)`, which is noted up to there; -1: all is noted. */
  findEnd(bytes: Buffer, from: number, to: number): number;
  /** Another scanner of the same kind, at the start of a record. */
  fresh(): RecordScanner;
}

/** Records that end at every line feed: NDJSON, and CSV without quoting. */
export class LineScanner implements RecordScanner {
  readonly stateless = true;

  skip(): void {}

  findEnd(bytes: Buffer, from: number, to: number): number {
    const at = bytes.indexOf(LINE_FEED, from);
    return at < 0 || at >= to ? -1 : at + 1;
  }

  fresh(): RecordScanner {
    return this;
  }
}

/**
 * Records of CSV (RFC 4180): a line feed ends one unless it stands in a quoted field. A quote opens
 * a field only as its first byte; anywhere else outside quotes it is an ordinary character.
 */
export class CsvScanner implements RecordScanner {
  readonly stateless = false;
  readonly #delimiter: number;
  readonly #quote: number;
  #state = OUTSIDE;
  #previous = LINE_FEED;

  constructor(delimiter: number, quote: number) {
    this.#delimiter = delimiter;
    this.#quote = quote;
  }

  skip(bytes: Buffer, from: number, to: number): void {
    if (from >= to) return;
    let state = this.#state;
    let at = from;
    while (at < to) {
      if (state === CLOSING) {
        state = bytes[at] === this.#quote ? INSIDE : OUTSIDE;
        if (state === INSIDE) at++;
        continue;
      }
      const found = this.#findQuote(bytes, at, to);
      if (found < 0) break;
      if (state === INSIDE) state = CLOSING;
      else if (this.#opensField(found > from ? bytes[found - 1] : this.#previous)) state = INSIDE;
      at = found + 1;
    }
    this.#state = state;
    this.#previous = bytes[to - 1]!;
  }

  findEnd(bytes: Buffer, from: number, to: number): number {
    if (from >= to) return -1;
    const quote = this.#quote;
    let state = this.#state;
    let at = from;
    while (at < to) {
      if (state === INSIDE) {
        const found = this.#findQuote(bytes, at, to);
        if (found < 0) break;
        state = CLOSING;
        at = found + 1;
      } else if (state === CLOSING) {
        state = bytes[at] === quote ? INSIDE : OUTSIDE;
        if (state === INSIDE) at++;
      } else {
        const byte = bytes[at];
        if (byte === LINE_FEED) {
          this.#state = OUTSIDE;
          this.#previous = LINE_FEED;
          return at + 1;
        }
        if (byte === quote && this.#opensField(at > from ? bytes[at - 1] : this.#previous)) state = INSIDE;
        at++;
      }
    }
    this.#state = state;
    this.#previous = bytes[to - 1]!;
    return -1;
  }

  fresh(): RecordScanner {
    return new CsvScanner(this.#delimiter, this.#quote);
  }

  #opensField(previous: number): boolean {
    return previous === this.#delimiter || previous === LINE_FEED;
  }

  /** Looks nearby byte by byte, since the native search has a fixed cost; a file without quotes costs a memchr. */
  #findQuote(bytes: Buffer, from: number, to: number): number {
    const quote = this.#quote;
    const near = Math.min(from + NEARBY, to);
    for (let at = from; at < near; at++) if (bytes[at] === quote) return at;
    if (near === to) return -1;
    const found = bytes.subarray(near, to).indexOf(quote);
    return found < 0 ? -1 : near + found;
  }
}

const OUTSIDE = 0;
const INSIDE = 1;
/** After a quote in a quoted field: another one makes a literal quote, anything else closes the field. */
const CLOSING = 2;
const LINE_FEED = 10;
const NEARBY = 48;
