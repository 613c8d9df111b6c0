import type { ByteWriter } from "./bytes.ts";
import {
  FIX_ARRAY, FIX_ARRAY_MAX, FIX_OBJECT, FIX_OBJECTS, FIX_STRING, FIX_STRING_MAX, MAX_DEPTH, MAX_SHAPE_KEYS, MAX_SHAPES,
  TAG_ARRAY, TAG_ARRAY_BUFFER, TAG_BIGINT, TAG_DATE, TAG_DEFINE, TAG_DICTIONARY, TAG_F64, TAG_FALSE, TAG_I16, TAG_I32,
  TAG_I8, TAG_MAP, TAG_NULL, TAG_OBJECT, TAG_SET, TAG_STRING, TAG_TRUE, TAG_TYPED, TAG_UNDEFINED, TAG_UTF16, typedArrayKind,
} from "./value-format.ts";

/** Thrown by `ValueEncoder` where a value cannot be encoded; `whyRefused` finds the place. */
export class ValueRefused extends Error {}

/** Writes the values of one message. An object's keys are written once per shape (list of keys). */
export class ValueEncoder {
  readonly #writer: ByteWriter;
  readonly #shapes: (readonly string[])[] = [];
  /** The shape that followed each shape last time: right nearly always, where values are alike. */
  readonly #next: number[] = [0];
  #last = 0;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  write(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.#writer.u8(value ? TAG_TRUE : TAG_FALSE);
      case "undefined":
        return this.#writer.u8(TAG_UNDEFINED);
      case "bigint":
        this.#writer.u8(TAG_BIGINT);
        return this.#writer.string(value.toString(16));
      case "object":
        if (value === null) return this.#writer.u8(TAG_NULL);
        if (depth >= MAX_DEPTH) throw new ValueRefused();
        return Array.isArray(value) ? this.#array(value, depth + 1) : this.#object(value, depth + 1);
      default:
        throw new ValueRefused();
    }
  }

  #number(value: number): void {
    const writer = this.#writer;
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= 0 && value < FIX_STRING) {
        writer.u8(value);
      } else if (value >= -0x80 && value < 0x80) {
        writer.u8(TAG_I8);
        writer.u8(value & 0xff);
      } else if (value >= -0x8000 && value < 0x8000) {
        writer.u8(TAG_I16);
        writer.u16(value & 0xffff);
      } else {
        writer.u8(TAG_I32);
        writer.i32(value);
      }
    } else {
      writer.u8(TAG_F64);
      writer.f64(value);
    }
  }

  #string(text: string): void {
    const writer = this.#writer;
    const length = text.length;
    if (length <= FIX_STRING_MAX && writer.shortAscii(text, FIX_STRING)) return;
    if (text.isWellFormed()) {
      writer.u8(TAG_STRING);
      writer.string(text);
    } else {
      writer.u8(TAG_UTF16);
      writer.varint(length);
      for (let i = 0; i < length; i++) writer.u16(text.charCodeAt(i));
    }
  }

  #array(values: readonly unknown[], depth: number): void {
    const writer = this.#writer;
    const length = values.length;
    if (length <= FIX_ARRAY_MAX) {
      writer.u8(FIX_ARRAY + length);
    } else {
      writer.u8(TAG_ARRAY);
      writer.varint(length);
    }
    for (let i = 0; i < length; i++) this.write(values[i], depth);
  }

  #object(value: object, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) this.#plain(value as Record<string, unknown>, depth);
    else this.#instance(value, depth);
  }

  #plain(value: Record<string, unknown>, depth: number): void {
    const predicted = this.#next[this.#last];
    const shape = this.#is(value, predicted) ? predicted : this.#search(value);
    if (shape < 0) {
      this.#firstOfShape(value, depth);
    } else {
      if (shape < FIX_OBJECTS) {
        this.#writer.u8(FIX_OBJECT + shape);
      } else {
        this.#writer.u8(TAG_OBJECT);
        this.#writer.varint(shape);
      }
      this.#follow(shape);
      for (const key in value) this.write(value[key], depth);
    }
  }

  #is(value: object, shape: number): boolean {
    const keys = this.#shapes[shape];
    if (keys === undefined) return false;
    let i = 0;
    for (const key in value) if (key !== keys[i++]) return false;
    return i === keys.length;
  }

  #search(value: object): number {
    for (let shape = 0; shape < this.#shapes.length; shape++) if (this.#is(value, shape)) return shape;
    return -1;
  }

  #follow(shape: number): void {
    this.#next[this.#last] = shape;
    this.#last = shape;
  }

  #firstOfShape(value: Record<string, unknown>, depth: number): void {
    const writer = this.#writer;
    const keys = Object.keys(value);
    if (keys.length > MAX_SHAPE_KEYS || this.#shapes.length >= MAX_SHAPES || !keys.every(fitsShape)) {
      writer.u8(TAG_DICTIONARY);
      writer.varint(keys.length);
      for (const key of keys) {
        this.#string(key);
        this.write(value[key], depth);
      }
      return;
    }
    writer.u8(TAG_DEFINE);
    writer.varint(keys.length);
    for (const key of keys) writer.string(key);
    this.#next.push(this.#shapes.length);
    this.#follow(this.#shapes.push(keys) - 1);
    for (const key of keys) this.write(value[key], depth);
  }

  #instance(value: object, depth: number): void {
    const writer = this.#writer;
    if (value instanceof Date) {
      writer.u8(TAG_DATE);
      writer.f64(value.getTime());
    } else if (value instanceof Map) {
      writer.u8(TAG_MAP);
      writer.varint(value.size);
      for (const [key, one] of value) {
        this.write(key, depth);
        this.write(one, depth);
      }
    } else if (value instanceof Set) {
      writer.u8(TAG_SET);
      writer.varint(value.size);
      for (const one of value) this.write(one, depth);
    } else if (value instanceof ArrayBuffer) {
      writer.u8(TAG_ARRAY_BUFFER);
      writer.varint(value.byteLength);
      writer.append(new Uint8Array(value));
    } else if (typedArrayKind(value) >= 0) {
      const view = value as Uint8Array;
      writer.u8(TAG_TYPED);
      writer.u8(typedArrayKind(value));
      writer.varint(view.byteLength);
      writer.append(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    } else if (isForeignPlain(value)) {
      this.#plain(value as Record<string, unknown>, depth);
    } else {
      throw new ValueRefused();
    }
  }
}

/** Where in `root` what the encoder refuses is, as "$.a[1]", and what it is. */
export function whyRefused(root: unknown): { readonly path: string; readonly why: string } {
  return searchRefused(root, "$", 0) ?? { path: "$", why: "something that changed while it was encoded" };
}

function searchRefused(value: unknown, path: string, depth: number): { readonly path: string; readonly why: string } | undefined {
  if (typeof value === "function") return { path, why: "a function" };
  if (typeof value === "symbol") return { path, why: "a symbol" };
  if (typeof value !== "object" || value === null) return undefined;
  if (depth >= MAX_DEPTH) return { path: `${path.slice(0, 200)}...`, why: `what is circular or nested deeper than ${MAX_DEPTH} levels` };
  const inner: [string, unknown][] = [];
  if (Array.isArray(value)) {
    value.forEach((one, i) => inner.push([`${path}[${i}]`, one]));
  } else if (value instanceof Map) {
    for (const [key, one] of value) inner.push([`${path}.keys()`, key], [`${path}.get(${typeof key === "object" ? "…" : String(key)})`, one]);
  } else if (value instanceof Set) {
    for (const one of value) inner.push([`${path}.values()`, one]);
  } else if (!(value instanceof Date) && !(value instanceof ArrayBuffer) && typedArrayKind(value) < 0) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (value instanceof Promise) return { path, why: "a promise, whose result only mapAsync waits for," };
    if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(value)) {
      return { path, why: `an instance of ${(value.constructor as { name?: string } | undefined)?.name ?? "a class"}, which would lose its class,` };
    }
    for (const key of Object.keys(value)) {
      const step = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
      inner.push([path + step, (value as Record<string, unknown>)[key]]);
    }
  }
  for (const [at, one] of inner) {
    const found = searchRefused(one, at, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A plain object of another realm (a vm context): its prototype is that realm's Object.prototype. */
function isForeignPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "hasOwnProperty");
}

/** A key that assignment would not make an own property, or that UTF-8 cannot hold, needs a dictionary. */
function fitsShape(key: string): boolean {
  return key !== "__proto__" && key.isWellFormed();
}
