import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { decodeValue, encodeValue } from "../codec/values.ts";
import type { Ledger } from "../contracts/ledger.ts";
import { MillraceError } from "../errors.ts";

/** How a partition ended last, where that may have been an element's doing. */
export interface Failure {
  readonly reason: string;
  readonly stack: string | undefined;
}

/** Where in a partition's input a row is: which input, which chunk or batch of it, which row of that, of how many. */
export interface Position {
  readonly input: string;
  readonly unit: number;
  readonly row: number;
  readonly rows: number;
}

/** What to do with the rows at a position: process them, or give up on the one row that fails whenever it is tried. */
export interface Trial {
  readonly rows: number;
  /** Why it failed each time; undefined: process. */
  readonly givenUp: Failure | undefined;
}

/** What was about to be tried, written down before it is. */
interface Attempt {
  readonly input: string;
  readonly unit: number;
  readonly row: number;
  readonly rows: number;
  /** How often exactly this has been begun. */
  readonly tries: number;
  readonly reason: string;
  readonly stack: string | undefined;
}

const FIRST_ROWS = 512;
const NARROW = 8;
const WIDEN = 4;
/** The search ends after this much went well: more than a step and the one after it read. */
const CALM_BYTES = 32 * 1024 * 1024;
const CALM_UNITS = 128;
/** So many elements in a row are not to blame: something else is. */
const MOST_GIVEN_UP = 8;

/** How often an element is tried on its own before it goes to the dead letters. */
export const MAX_ATTEMPTS = 3;

/**
 * Finds the element that makes its partition's instance die. Before rows are tried, the ledger records
 * which; an instance that finds the record where it goes on knows that they failed, tries them an eighth
 * at a time, at last one, and gives that one up after three attempts: each death narrows eightfold.
 */
export class Search {
  readonly #ledger: Ledger;
  readonly #record: string;
  readonly #failure: Failure;
  #last: Attempt | undefined;
  #rows = FIRST_ROWS;
  /** Where rows failed together: they are tried so many at a time. */
  #suspect: { readonly input: string; readonly unit: number; readonly end: number; readonly piece: number } | undefined;
  #bytes = 0;
  #units = 0;
  #givenUp = 0;

  private constructor(ledger: Ledger, partition: string, last: Attempt | undefined, failure: Failure) {
    this.#ledger = ledger;
    this.#record = `attempts/${partition}`;
    this.#last = last;
    this.#failure = failure;
  }

  /**
   * A search where one is called for: `failure` says that the last instance failed, or the ledger that
   * a search was under way. Without a failure (the whole process was stopped) what was being tried is
   * not blamed.
   */
  static async begin(ledger: Ledger, partition: string, failure: Failure | undefined): Promise<Search | undefined> {
    const bytes = await ledger.readRecord(`attempts/${partition}`);
    const known = bytes === undefined || bytes.length === 0 ? undefined : (decodeValue(new ByteReader(bytes)) as Attempt);
    if (known === undefined && failure === undefined) return undefined;
    const last = known !== undefined && failure === undefined ? { ...known, tries: known.tries - 1 } : known;
    return new Search(ledger, partition, last, failure ?? { reason: known?.reason ?? "", stack: known?.stack });
  }

  /** The input in which something was being tried. */
  get input(): string | undefined {
    return this.#last?.input;
  }

  /** Decides what to try at a position and records it. Throws MILLRACE_HOST_FAILED where elements cannot be to blame. */
  async begin({ input, unit, row, rows }: Position): Promise<Trial> {
    const last = this.#last;
    const left = rows - row;
    const again = last !== undefined && last.input === input && last.unit === unit && last.row === row;
    let wanted = Math.max(1, Math.min(this.#rows, left));
    let tries = 1;
    if (again && last.tries > 0) {
      if (last.rows > 1) this.#suspect = { input, unit, end: row + last.rows, piece: Math.max(1, Math.floor(last.rows / NARROW)) };
      else tries = last.tries + 1;
      wanted = 1;
    } else if (again) wanted = Math.min(left, last.rows);
    const suspect = this.#suspect;
    if (suspect?.input !== input || suspect.unit !== unit || suspect.end <= row) this.#suspect = undefined;
    else if (tries === 1) wanted = Math.min(left, suspect.piece, suspect.end - row);
    if (tries > MAX_ATTEMPTS) {
      if (++this.#givenUp > MOST_GIVEN_UP) {
        const what = `${this.#givenUp} elements in a row failed on their own, so that something else must be at fault; the last time: ${this.#failure.reason}`;
        throw new MillraceError("MILLRACE_HOST_FAILED", this.#record.replace("attempts/", "partition "), what);
      }
      return { rows: 1, givenUp: this.#failure };
    }
    this.#rows = wanted;
    this.#last = { input, unit, row, rows: wanted, tries, ...this.#failure };
    const writer = new ByteWriter();
    encodeValue(this.#last, writer);
    await this.#ledger.writeRecord(this.#record, writer.take());
    return { rows: wanted, givenUp: undefined };
  }

  /** A trial was committed. True when the search is over. */
  async succeeded({ givenUp }: Trial, bytes: number, unitDone: boolean): Promise<boolean> {
    this.#last = undefined;
    this.#bytes += bytes;
    if (unitDone) this.#units++;
    if (givenUp === undefined) {
      this.#givenUp = 0;
      if (this.#suspect === undefined) this.#rows *= WIDEN;
    } else this.#suspect = undefined;
    if (this.#bytes < CALM_BYTES && this.#units < CALM_UNITS) return false;
    await this.#ledger.writeRecord(this.#record, new Uint8Array(0));
    return true;
  }
}

/** Lets one at a time do something that takes turns of the event loop. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is one's turn; call the result when done. */
  async take(): Promise<() => void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    return resolve;
  }
}
