import type { ByteReader } from "./bytes.ts";
import {
  FIX_ARRAY, FIX_OBJECT, FIX_STRING, MAX_DEPTH, MAX_SHAPE_KEYS, MAX_SHAPES, TAG_ARRAY, TAG_ARRAY_BUFFER, TAG_BIGINT, TAG_DATE,
  TAG_DEFINE, TAG_DICTIONARY, TAG_F64, TAG_FALSE, TAG_I16, TAG_I32, TAG_I8, TAG_MAP, TAG_NULL, TAG_OBJECT, TAG_SET,
  TAG_STRING, TAG_TRUE, TAG_TYPED, TAG_UNDEFINED, TAG_UTF16, typedArrayOf,
} from "./value-format.ts";

/**
 * Reads the values of one message. Every count is checked against what is left before anything is
 * made of it, nesting is bounded, and a key "__proto__" is an own property like any other.
 */
export class ValueDecoder {
  readonly #reader: ByteReader;
  readonly #shapes: (readonly string[])[] = [];

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  read(depth: number): unknown {
    const reader = this.#reader;
    const tag = reader.u8();
    if (tag < FIX_STRING) return tag;
    if (tag < FIX_ARRAY) return reader.utf8(tag - FIX_STRING);
    if (tag < FIX_OBJECT) return this.#array(tag - FIX_ARRAY, depth + 1);
    if (tag < TAG_NULL) return this.#object(tag - FIX_OBJECT, depth + 1);
    switch (tag) {
      case TAG_NULL:
        return null;
      case TAG_UNDEFINED:
        return undefined;
      case TAG_FALSE:
        return false;
      case TAG_TRUE:
        return true;
      case TAG_I8:
        return (reader.u8() << 24) >> 24;
      case TAG_I16:
        return (reader.u16() << 16) >> 16;
      case TAG_I32:
        return reader.i32();
      case TAG_F64:
        return reader.f64();
      case TAG_STRING:
        return reader.string();
      case TAG_ARRAY:
        return this.#array(reader.count(), depth + 1);
      case TAG_OBJECT:
        return this.#object(reader.varint(), depth + 1);
      case TAG_DEFINE:
        return this.#define(depth + 1);
      default:
        return this.#rare(tag, depth + 1);
    }
  }

  #array(count: number, depth: number): unknown[] {
    if (depth > MAX_DEPTH) this.#reader.fail("a value is nested too deep");
    if (count > MAX_PREALLOCATED) return this.#longArray(count, depth);
    const values = new Array<unknown>(count);
    for (let i = 0; i < count; i++) values[i] = this.read(depth);
    return values;
  }

  /** Grows as elements come: nested arrays that each claim all the bytes left must not each get room for them. */
  #longArray(count: number, depth: number): unknown[] {
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(this.read(depth));
    return values;
  }

  #object(shape: number, depth: number): object {
    const keys = this.#shapes[shape] ?? this.#reader.fail(`shape ${shape} was not defined`);
    if (depth > MAX_DEPTH) this.#reader.fail("a value is nested too deep");
    const value: Record<string, unknown> = {};
    for (let i = 0; i < keys.length; i++) value[keys[i]] = this.read(depth);
    return value;
  }

  #define(depth: number): object {
    const reader = this.#reader;
    const count = reader.count();
    if (count > MAX_SHAPE_KEYS || this.#shapes.length >= MAX_SHAPES) reader.fail("a shape is too large, or there are too many");
    const keys: string[] = [];
    for (let i = 0; i < count; i++) keys.push(reader.string());
    if (keys.includes("__proto__")) reader.fail("a shape has the key __proto__");
    this.#shapes.push(keys);
    return this.#object(this.#shapes.length - 1, depth);
  }

  #rare(tag: number, depth: number): unknown {
    const reader = this.#reader;
    switch (tag) {
      case TAG_BIGINT:
        return this.#bigint(reader.string());
      case TAG_UTF16: {
        const count = reader.count(2);
        let text = "";
        for (let i = 0; i < count; i++) text += String.fromCharCode(reader.u16());
        return text;
      }
      case TAG_DATE:
        return new Date(reader.f64());
      case TAG_TYPED: {
        const kind = reader.u8();
        return typedArrayOf(kind, this.#buffer()) ?? reader.fail(`no typed array is of kind ${kind} and this length`);
      }
      case TAG_ARRAY_BUFFER:
        return this.#buffer();
      default:
        return this.#container(tag, depth);
    }
  }

  #container(tag: number, depth: number): object {
    const reader = this.#reader;
    if (depth > MAX_DEPTH) reader.fail("a value is nested too deep");
    switch (tag) {
      case TAG_MAP: {
        const map = new Map<unknown, unknown>();
        for (let rest = reader.count(2); rest > 0; rest--) {
          const key = this.read(depth);
          map.set(key, this.read(depth));
        }
        return map;
      }
      case TAG_SET: {
        const set = new Set<unknown>();
        for (let rest = reader.count(); rest > 0; rest--) set.add(this.read(depth));
        return set;
      }
      case TAG_DICTIONARY: {
        const value: Record<string, unknown> = {};
        for (let rest = reader.count(2); rest > 0; rest--) {
          const key = this.read(depth);
          if (typeof key !== "string") return reader.fail("a key is no string");
          setOwn(value, key, this.read(depth));
        }
        return value;
      }
      default:
        return reader.fail(`${tag} is no tag of a value`);
    }
  }

  #buffer(): ArrayBuffer {
    const bytes = this.#reader.bytes(this.#reader.varint());
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return copy.buffer;
  }

  #bigint(hex: string): bigint {
    if (!/^-?[0-9a-f]+$/.test(hex)) return this.#reader.fail("a bigint is not hexadecimal");
    return hex.startsWith("-") ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`);
  }
}

const MAX_PREALLOCATED = 4096;

function setOwn(value: Record<string, unknown>, key: string, one: unknown): void {
  if (key === "__proto__") Object.defineProperty(value, key, { value: one, writable: true, enumerable: true, configurable: true });
  else value[key] = one;
}
