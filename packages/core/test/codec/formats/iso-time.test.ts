import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseIsoTime } from "../../../src/codec/formats/iso-time.ts";

test("agrees with Date over all years, with fractions and offsets", () => {
  const time = fc.date({ min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });
  fc.assert(
    fc.property(time, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, offset) => {
      const iso = date.toISOString();
      assert.equal(parseIsoTime(iso), date.getTime());
      assert.equal(parseIsoTime(iso.slice(0, -1)), date.getTime());
      assert.equal(parseIsoTime(iso.slice(0, 10)), Math.floor(date.getTime() / 86_400_000) * 86_400_000);
      const size = Math.abs(offset);
      const two = (n: number): string => String(n).padStart(2, "0");
      const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
      assert.equal(parseIsoTime(iso.replace("Z", zone)), date.getTime() - offset * 60_000);
      assert.equal(parseIsoTime(iso.replace("Z", zone.replace(":", ""))), date.getTime() - offset * 60_000);
    }),
    { numRuns: 2000 },
  );
});

test("every day of four centuries is the day that Date says", () => {
  for (let day = Date.UTC(1890, 0, 1), count = 0; count < 146_097; count++, day += 86_400_000) {
    if (parseIsoTime(new Date(day).toISOString()) !== day) assert.fail(new Date(day).toISOString());
  }
});

test("takes the common layouts", () => {
  const noon = Date.UTC(2024, 1, 29, 12);
  for (const text of ["2024-02-29T12:00", "2024-02-29 12:00:00", "2024-02-29t12:00:00.0z", "2024-02-29T12:00:00.000999999Z", "2024-02-29T14:00+02", "2024-02-29T11:30:00-00:30"]) {
    assert.equal(parseIsoTime(text), noon, text);
  }
  assert.equal(parseIsoTime("1969-12-31T23:59:59.9999Z"), -1);
});

test("refuses what is out of range or malformed", () => {
  const bad = ["", "2014-01-01T14+02", "2014", "2014-8-4", "2014-13-01", "2014-00-10", "2014-02-30", "2023-02-29", "1900-02-29", "2014-04-31", "2014-01-00", "2014-01-32", "2014-01-01T24:00:00", "2014-01-01T12:60", "2014-01-01T12:00:60", "2014-01-01T12:00:00.", "2014-01-01T12:00:00+24:00", "2014-01-01T12:00:00+2", "2014-01-01T12:00:00Zx", "2014-01-01T", "2014-01-01Z", "2014-01-01T12", " 2014-01-01", "2014-01-01 ", "2014/01/01", "20140101", "2014-01-01T12:00:00,5", "+002014-01-01", "2014-01-01T12:00\n"];
  for (const text of bad) assert.ok(Number.isNaN(parseIsoTime(text)), JSON.stringify(text));
});
