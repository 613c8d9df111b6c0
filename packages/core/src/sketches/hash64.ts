const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;
const BLOCK = 16;

/**
 * 64-bit hashes: the first half of MurmurHash3_x86_128 (Appleby, 2011). `hash[0]` holds the high
 * and `hash[1]` the low 32 bits of the latest call. Not for adversarial input. The seed keeps
 * domains apart.
 */
export class Hasher64 {
  readonly hash = new Uint32Array(2);
  #bytes = new Uint8Array(256);
  #units = new Uint16Array(this.#bytes.buffer);
  #words = new Int32Array(this.#bytes.buffer);
  readonly #number = new Float64Array(1);
  readonly #numberBytes = new Uint8Array(this.#number.buffer);

  bytes(bytes: Uint8Array, seed: number): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes);
    this.#run(bytes.length, seed);
  }

  /** The string as its UTF-16 code units, little-endian. */
  string(text: string, seed: number): void {
    const length = text.length;
    this.#reserve(length * 2);
    const units = this.#units;
    for (let i = 0; i < length; i++) units[i] = text.charCodeAt(i);
    this.#run(length * 2, seed);
  }

  /** The number as its double; -0 is 0, and all NaN are one. */
  number(x: number, seed: number): void {
    // A NaN of another bit pattern would be another one: 0 / 0 has a sign, the literal has none.
    this.#number[0] = x === x ? x + 0 : Number.NaN;
    this.bytes(this.#numberBytes, seed);
  }

  #reserve(length: number): void {
    if (length + BLOCK <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(2 ** Math.ceil(Math.log2(length + BLOCK)));
    this.#units = new Uint16Array(this.#bytes.buffer);
    this.#words = new Int32Array(this.#bytes.buffer);
  }

  #run(length: number, seed: number): void {
    const words = this.#words;
    const wholeBlocks = length & ~(BLOCK - 1);
    this.#bytes.fill(0, length, wholeBlocks + BLOCK);
    let h1 = seed | 0;
    let h2 = h1;
    let h3 = h1;
    let h4 = h1;
    let at = 0;
    for (const end = wholeBlocks >> 2; at < end; at += 4) {
      h1 ^= Math.imul(rotate(Math.imul(words[at], C1), 15), C2);
      h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
      h2 ^= Math.imul(rotate(Math.imul(words[at + 1], C2), 16), C3);
      h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
      h3 ^= Math.imul(rotate(Math.imul(words[at + 2], C3), 17), C4);
      h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
      h4 ^= Math.imul(rotate(Math.imul(words[at + 3], C4), 18), C1);
      h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
    }
    if (length !== wholeBlocks) {
      h4 ^= Math.imul(rotate(Math.imul(words[at + 3], C4), 18), C1);
      h3 ^= Math.imul(rotate(Math.imul(words[at + 2], C3), 17), C4);
      h2 ^= Math.imul(rotate(Math.imul(words[at + 1], C2), 16), C3);
      h1 ^= Math.imul(rotate(Math.imul(words[at], C1), 15), C2);
    }
    h1 ^= length;
    h2 ^= length;
    h3 ^= length;
    h4 ^= length;
    h1 = (h1 + h2 + h3 + h4) | 0;
    h2 = (h2 + h1) | 0;
    h3 = (h3 + h1) | 0;
    h4 = (h4 + h1) | 0;
    h1 = finish(h1);
    h2 = finish(h2);
    h1 = (h1 + h2 + finish(h3) + finish(h4)) | 0;
    this.hash[0] = h1;
    this.hash[1] = h2 + h1;
  }
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
