import { ByteWriter } from "../../codec/bytes.ts";
import { encodeValue } from "../../codec/values.ts";
import { Hasher64 } from "../../sketches/hash64.ts";

/** Makes the idempotency keys of one operator: 128 bits over its address and what identifies the atom. */
export class CallKeys {
  readonly #address: string;
  readonly #identity: ((value: unknown) => string) | undefined;
  readonly #hasher = new Hasher64();
  readonly #writer = new ByteWriter();

  constructor(address: string, identity: ((value: never) => string) | undefined) {
    this.#address = address;
    this.#identity = identity as ((value: unknown) => string) | undefined;
  }

  /** Throws what the user's `identity` throws, and MILLRACE_SCHEMA for a value that has no bytes. */
  of(value: unknown, time: number): string {
    const writer = this.#writer;
    writer.reset();
    writer.string(this.#address);
    if (this.#identity === undefined) {
      writer.f64(time);
      encodeValue(value, writer);
    } else {
      writer.string(this.#identity(value));
    }
    return this.#half(1) + this.#half(2);
  }

  #half(seed: number): string {
    this.#hasher.bytes(this.#writer.bytes(), seed);
    const [high, low] = this.#hasher.hash;
    return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
  }
}
