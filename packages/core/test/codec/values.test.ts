import assert from "node:assert/strict";
import test from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../src/codec/bytes.ts";
import { decodeValue, decodeValues, encodeValue, encodeValues } from "../../src/codec/values.ts";

function roundTrip(value: unknown): unknown {
  const writer = new ByteWriter(1);
  encodeValue(value, writer);
  const reader = new ByteReader(writer.bytes());
  const back = decodeValue(reader);
  assert.equal(reader.remaining, 0);
  return back;
}

const anything = fc.anything({
  withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: false,
  withNullPrototype: false, maxDepth: 4, key: fc.oneof(fc.string(), fc.constantFrom("__proto__", "toString", "constructor", "toJSON", "hasOwnProperty", "0", "\ud800")),
});

test("any plain value comes back strictly equal, alone and among others", () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 6 }), (values) => {
      for (const value of values) assert.deepEqual(roundTrip(value), value);
      const writer = new ByteWriter(1);
      encodeValues(values, writer);
      const reader = new ByteReader(writer.bytes());
      assert.deepEqual(decodeValues(reader, values.length), values);
      assert.equal(reader.remaining, 0);
    }),
    { numRuns: 1500 },
  );
});

test("values at the edges of their encodings come back", () => {
  const values = [
    undefined, null, true, false, -0, 0, Number.NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER, 5e-324, -1, 127, 128, -128, -129, 32767, 32768,
    -32768, -32769, 2147483647, 2147483648, -2147483648, -2147483649, 0n, -1n, 2n ** 200n, -(2n ** 200n), "", "a".repeat(63), "a".repeat(64), "é".repeat(63),
    "a".repeat(70_000), "é".repeat(70_000), "\ud800x\udc00", "\uFEFFbom", new Date(0), new Date(-62135596800001), new Date(8.64e15), new Date(Number.NaN),
    new Map<unknown, unknown>([[{ a: 1 }, [1]], [undefined, new Set([Number.NaN])]]), new Uint8Array([1, 2]).subarray(1), new Float64Array([1.5, -0, Number.NaN]),
    new BigInt64Array([-1n]), new Uint8ClampedArray(3), new ArrayBuffer(5), Array.from({ length: 300 }, (_, i) => i), [[[[]]]], {}, { a: {} },
    Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key${i}`, i])), JSON.parse('{"__proto__":{"polluted":1},"x":2}') as unknown,
  ];
  for (const value of values) assert.deepEqual(roundTrip(value), value);
  assert.deepEqual(roundTrip(values), values);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

test("whatever is encoded at the greatest depth comes back", () => {
  const nested = (leaf: unknown, levels: number): unknown => (levels === 0 ? leaf : [nested(leaf, levels - 1)]);
  for (const leaf of [1n, "\ud800", "x", -5.5, true, undefined]) assert.deepEqual(roundTrip(nested(leaf, 500)), nested(leaf, 500));
  for (const leaf of [new Date(0), new Uint8Array(2), new Map([[1n, 2n]]), new Set(["\ud800"]), { "\ud800": 1n }]) assert.deepEqual(roundTrip(nested(leaf, 499)), nested(leaf, 499));
});

test("objects of more shapes than a message has, in any order, come back with their keys in order", () => {
  const objects = Array.from({ length: 1000 }, (_, i) => Object.fromEntries(Array.from({ length: i % 5 }, (__, k) => [`f${(i * 31 + k) % 300}`, { inner: i, [`k${i % 7}`]: k }])));
  const back = roundTrip(objects) as object[];
  assert.deepEqual(back, objects);
  objects.forEach((object, i) => assert.deepEqual(Object.keys(back[i]), Object.keys(object)));
});

test("equal-shaped objects say their keys once", () => {
  const objects = Array.from({ length: 100 }, (_, i) => ({ temperature: i, humidity: -i, place: { latitude: i, longitude: i } }));
  const writer = new ByteWriter();
  encodeValues(objects, writer);
  assert.ok(writer.length < 100 * 12 + 80, `${writer.length} bytes`);
});

test("a null prototype, holes and an object of another realm come back as plain data; a Buffer as a Uint8Array", () => {
  assert.deepEqual(roundTrip(Object.assign(Object.create(null) as object, { a: 1 })), { a: 1 });
  const holes = new Array<number>(2);
  holes[1] = 1;
  assert.deepEqual(roundTrip(holes), [undefined, 1]);
  assert.deepEqual(roundTrip(runInNewContext("({ a: 1, b: [2] })")), { a: 1, b: [2] });
  assert.deepEqual(roundTrip(Buffer.from("ab")), new Uint8Array([97, 98]));
});

test("what is no plain data is refused with its path, and nothing stays written", () => {
  class Foo {
    x = 1;
  }
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const cases: [unknown, string][] = [
    [{ a: [1, { "b c": () => 1 }] }, '$.a[1]["b c"]: a function'],
    [new Map([[Object.create(null) as object, () => 1]]), "$.get(…): a function"],
    [{ a: Symbol("s") }, "$.a: a symbol"],
    [new Map([[1, { f: () => 1 }]]), "$.get(1).f: a function"],
    [new Set([() => 1]), "$.values(): a function"],
    [{ list: [new Foo()] }, "$.list[0]: an instance of Foo"],
    [/x/, "$: an instance of RegExp"],
    [new Error("x"), "$: an instance of Error"],
    [circular, "circular"],
    [Promise.resolve(1), "$: a promise"],
  ];
  for (const [value, message] of cases) {
    const writer = new ByteWriter();
    writer.u8(1);
    assert.throws(() => encodeValue(value, writer), (error: Error & { code?: string }) => error.code === "MILLRACE_SCHEMA" && error.message.includes(message), message);
    assert.equal(writer.length, 1);
  }
  assert.throws(() => encodeValues([1, [() => 1]], new ByteWriter()), /\$\[1\]\[0\]/);
});

test("an error thrown by a getter passes through", () => {
  const failing = { get bad(): number { throw new RangeError("mine"); } };
  assert.throws(() => encodeValue(failing, new ByteWriter()), /mine/);
});

test("damaged bytes are refused with MILLRACE_STORE_CORRUPT or read as some other value, never otherwise", () => {
  fc.assert(
    fc.property(anything, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(), (value, flips, cut) => {
      const writer = new ByteWriter();
      encodeValue(value, writer);
      const bytes = writer.take();
      for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
      const reader = new ByteReader(bytes, 0, cut % 3 === 0 ? cut % (bytes.length + 1) : bytes.length);
      try {
        decodeValue(reader);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "MILLRACE_STORE_CORRUPT", String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test("hostile bytes cannot pollute prototypes, allocate without end or overflow the stack", () => {
  const hostile = (write: (writer: ByteWriter) => void): void => {
    const writer = new ByteWriter();
    write(writer);
    assert.throws(() => decodeValue(new ByteReader(writer.bytes())), { code: "MILLRACE_STORE_CORRUPT" });
  };
  hostile((w) => {
    w.u8(0xe7);
    w.varint(1);
    w.string("__proto__");
    w.u8(1);
  });
  for (const tag of [0xe4, 0xe5, 0xe6, 0xe9, 0xe2, 0xeb, 0xe7]) {
    hostile((w) => {
      w.u8(tag);
      w.varint(2 ** 40);
    });
  }
  hostile((w) => {
    for (let i = 0; i < 100_000; i++) w.u8(0xc1);
    w.u8(0);
  });
  hostile((w) => w.u8(0xff));
  assert.throws(() => decodeValues(new ByteReader(Uint8Array.of(1, 2)), 3), { code: "MILLRACE_STORE_CORRUPT" });
});
