/**
 * The first byte of an encoded value. Small integers, short ASCII strings, short arrays and the
 * first shapes of a message are part of it.
 */
export const FIX_STRING = 0x80;
export const FIX_STRING_MAX = 63;
export const FIX_ARRAY = 0xc0;
export const FIX_ARRAY_MAX = 7;
export const FIX_OBJECT = 0xc8;
export const FIX_OBJECTS = 16;
export const TAG_NULL = 0xd8;
export const TAG_UNDEFINED = 0xd9;
export const TAG_FALSE = 0xda;
export const TAG_TRUE = 0xdb;
export const TAG_I8 = 0xdc;
export const TAG_I16 = 0xdd;
export const TAG_I32 = 0xde;
export const TAG_F64 = 0xdf;
export const TAG_BIGINT = 0xe0;
/** Length in bytes, UTF-8. */
export const TAG_STRING = 0xe1;
/** Length in code units, UTF-16: for strings with lone surrogates. */
export const TAG_UTF16 = 0xe2;
export const TAG_DATE = 0xe3;
export const TAG_ARRAY = 0xe4;
export const TAG_MAP = 0xe5;
export const TAG_SET = 0xe6;
/** Number of keys, keys: the message's next shape, followed by the fields of its first object. */
export const TAG_DEFINE = 0xe7;
/** Number of a shape, fields. */
export const TAG_OBJECT = 0xe8;
/** Number of keys, then key and value in turn: objects that are used as dictionaries. */
export const TAG_DICTIONARY = 0xe9;
/** Kind, length in bytes, bytes. */
export const TAG_TYPED = 0xea;
export const TAG_ARRAY_BUFFER = 0xeb;

/** Levels of nesting that are encoded and decoded. */
export const MAX_DEPTH = 500;
/** Keys of an object, and shapes of a message, beyond which objects are written as dictionaries. */
export const MAX_SHAPE_KEYS = 64;
export const MAX_SHAPES = 128;

/** The number of a typed array's class in the format, or -1 for anything else. A Buffer counts as a Uint8Array. */
export function typedArrayKind(value: unknown): number {
  for (let kind = 0; kind < TYPED_ARRAYS.length; kind++) if (value instanceof TYPED_ARRAYS[kind]) return kind;
  return -1;
}

/** A typed array of a kind over the whole of `buffer`; undefined where the kind is unknown or the length odd. */
export function typedArrayOf(kind: number, buffer: ArrayBuffer): ArrayBufferView | undefined {
  const constructor = TYPED_ARRAYS[kind];
  if (constructor === undefined || buffer.byteLength % constructor.BYTES_PER_ELEMENT !== 0) return undefined;
  return new constructor(buffer);
}

const TYPED_ARRAYS = [
  Uint8Array, Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array,
  BigInt64Array, BigUint64Array,
] as const;
