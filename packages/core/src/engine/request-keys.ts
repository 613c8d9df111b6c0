import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import type { Ledger, StateBlock } from "../contracts/ledger.ts";
import { MillraceError } from "../errors.ts";

/** What names a request or an atom from outside, so that its repeats take no effect. */
export interface RequestKey {
  /** At most 1,024 characters. What it names (a topic, a sender) is part of it. */
  readonly text: string;
  /** A number that tells another request under the same key; 0: any repeat is one. */
  readonly fingerprint: number;
}

export interface RequestKeyLimits {
  /** For how long a key is kept at least, ms, unless room runs out. Default 24 hours. */
  readonly keep: number;
  /** How much all keys may take, bytes; above it the oldest go first. Default 64 MiB: about 500,000 keys. */
  readonly bytes: number;
}

export const REQUEST_KEY_LIMITS: RequestKeyLimits = { keep: 24 * 3_600_000, bytes: 64 * 1024 * 1024 };
export const LONGEST_REQUEST_KEY = 1024;

/** Where the keys lie: their table in the ledger, and the groups that generations take in turn. */
export const REQUEST_KEYS_TABLE = "ingest/keys";
const GENERATIONS = 8;
/** About what a key costs beside its text. */
const KEY_BYTES = 64;

interface Generation {
  /** When its first key came, epoch ms; NaN: it is empty. */
  begun: number;
  keys: Map<string, number>;
  bytes: number;
}

/**
 * Keys of requests that have taken effect. They lie in generations, of which the oldest goes as a
 * whole; each is a group of a table in the ledger, written by the commit that makes its requests real.
 */
export class RequestKeys {
  readonly #limits: RequestKeyLimits;
  readonly #generations: Generation[] = Array.from({ length: GENERATIONS }, empty);
  #current = 0;
  /** Groups that the next commit writes as a whole. */
  readonly #whole = new Set<number>();
  /** Keys since the last commit, all of the current generation or those after it. */
  #added: { readonly generation: number; readonly text: string; readonly fingerprint: number }[] = [];

  private constructor(limits: RequestKeyLimits) {
    this.#limits = limits;
  }

  static async load(ledger: Ledger, limits: RequestKeyLimits): Promise<RequestKeys> {
    const keys = new RequestKeys(limits);
    for (const group of await ledger.groups(REQUEST_KEYS_TABLE)) {
      for (const block of await ledger.state({ table: REQUEST_KEYS_TABLE, group })) keys.#read(group, block);
    }
    const newest = Math.max(...keys.#generations.map(({ begun }) => (Number.isNaN(begun) ? -Infinity : begun)));
    keys.#current = Math.max(0, keys.#generations.findIndex(({ begun }) => begun === newest));
    return keys;
  }

  /** Notes a key; false where it was there. Throws MILLRACE_CONFLICT where it was there for another request. */
  add({ text, fingerprint }: RequestKey, now: number): boolean {
    for (const { keys } of this.#generations) {
      const known = keys.get(text);
      if (known === undefined) continue;
      if (known === fingerprint) return false;
      throw new MillraceError("MILLRACE_CONFLICT", "idempotency key", "was used for another request; give each request a key of its own");
    }
    if (text.length > LONGEST_REQUEST_KEY) {
      throw new MillraceError("MILLRACE_USAGE", "idempotency key", `has ${text.length} characters; at most ${LONGEST_REQUEST_KEY} are kept`);
    }
    this.#turn(now);
    const current = this.#generations[this.#current];
    if (Number.isNaN(current.begun)) current.begun = this.#begins(now);
    current.keys.set(text, fingerprint);
    current.bytes += KEY_BYTES + text.length;
    this.#added.push({ generation: this.#current, text, fingerprint });
    return true;
  }

  /** How many keys have been added since the last commit was made. */
  get added(): number {
    return this.#added.length;
  }

  /** Takes back what was added after there were `count`. */
  takeBack(count: number): void {
    for (const { generation, text } of this.#added.splice(count)) {
      const { keys } = this.#generations[generation];
      if (keys.delete(text)) this.#generations[generation].bytes -= KEY_BYTES + text.length;
    }
  }

  /** Asks for a group to be written as a whole by the next commit. */
  rewrite(group: number): void {
    this.#whole.add(group);
  }

  /** The blocks that make what was added real; what is added from now on belongs to the next commit. */
  takeBlocks(): StateBlock[] {
    const blocks: StateBlock[] = [...this.#whole].map((group) => this.#block(group, true, this.#generations[group].keys));
    for (const [group, added] of Map.groupBy(this.#added, ({ generation }) => generation)) {
      if (!this.#whole.has(group)) blocks.push(this.#block(group, false, added.map(({ text, fingerprint }) => [text, fingerprint])));
    }
    this.#whole.clear();
    this.#added = [];
    return blocks;
  }

  /** Begins the next generation, forgetting the oldest, where the current one is full or has lasted its time. */
  #turn(now: number): void {
    const { begun, bytes } = this.#generations[this.#current];
    const { keep, bytes: limit } = this.#limits;
    // One generation is being filled, the others together are kept for the whole time.
    if (!(now - begun >= keep / (GENERATIONS - 1)) && bytes < limit / GENERATIONS) return;
    this.#current = (this.#current + 1) % GENERATIONS;
    this.#generations[this.#current] = empty();
    this.#whole.add(this.#current);
  }

  /** Later than all generations before, whatever the clock says: by this the newest is found again. */
  #begins(now: number): number {
    let at = now;
    for (const { begun } of this.#generations) if (begun >= at) at = begun + 1;
    return at;
  }

  #block(group: number, full: boolean, keys: Iterable<readonly [string, number]>): StateBlock {
    const writer = new ByteWriter();
    writer.f64(this.#generations[group].begun);
    for (const [text, fingerprint] of keys) {
      writer.string(text);
      writer.f64(fingerprint);
    }
    return { table: REQUEST_KEYS_TABLE, group, full, bytes: writer.take() };
  }

  #read(group: number, block: Uint8Array): void {
    const generation = this.#generations[group];
    const reader = new ByteReader(block);
    generation.begun = reader.f64();
    while (reader.remaining > 0) {
      const text = reader.string();
      generation.keys.set(text, reader.f64());
      generation.bytes += KEY_BYTES + text.length;
    }
  }
}

function empty(): Generation {
  return { begun: Number.NaN, keys: new Map(), bytes: 0 };
}
