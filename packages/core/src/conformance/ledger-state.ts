import { expect, expectEqual } from "./expect.ts";
import type { LedgerTest } from "./ledger-subject.ts";
import { at, bytesOf, owner, pattern } from "./ledger-writer.ts";

/** Blocks of state, records, and requests to rewrite. */
export function stateTests(test: LedgerTest): void {
  test("blocks of an address come back in the order of their commits", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await writer.commit({ state: [delta(1), delta(2)] });
    await writer.commit({ state: [delta(3)] });
    expectEqual(await ledger.state(at("table", 0)), [bytesOf(1), bytesOf(2), bytesOf(3)], "blocks");
    expectEqual(await ledger.state(at("table", 1)), [], "another group");
    expectEqual(await ledger.state(at("other", 0)), [], "another table");
  });

  test("a full block replaces all before it, within a commit too", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await writer.commit({ state: [delta(1)] });
    await writer.commit({ state: [delta(2), { ...delta(3), full: true }, delta(4)] });
    expectEqual(await ledger.state(at("table", 0)), [bytesOf(3), bytesOf(4)], "blocks");
    await writer.commit({ state: [{ ...delta(0), full: true, bytes: new Uint8Array(0) }] });
    expectEqual(await ledger.state(at("table", 0)), [new Uint8Array(0)], "after an empty full block");
    await writer.commit({ state: [delta(5)] });
    expectEqual(await ledger.state(at("table", 0)), [new Uint8Array(0), bytesOf(5)], "after one more");
  });

  test("state outlives its partition and is open to another", async ({ ledger }) => {
    const first = await owner(ledger, "first");
    await first.commit({ state: [delta(1)] });
    await ledger.retire("first");
    const second = await owner(ledger, "second");
    await second.commit({ state: [delta(2)] });
    expectEqual(await ledger.state(at("table", 0)), [bytesOf(1), bytesOf(2)], "blocks");
  });

  test("groups of a table are those that hold a block, ascending", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    const groups = [200, 3, 255, 0, 64];
    await writer.commit({ state: groups.map((group) => ({ ...at("table", group), full: false, bytes: bytesOf(group) })) });
    expectEqual(await ledger.groups("table"), [0, 3, 64, 200, 255], "groups");
    expectEqual(await ledger.groups("other"), [], "groups of another table");
    await writer.commit({ state: [3, 64].map((group) => ({ ...at("table", group), full: true, bytes: new Uint8Array(0) })) });
    await writer.commit({ state: [{ ...at("table", 64), full: false, bytes: bytesOf(1) }] });
    expectEqual(await ledger.groups("table"), [0, 64, 200, 255], "groups, one of which was emptied and one filled again");
  });

  test("a driver asks only for addresses that the partition wrote, and rewriting them loses nothing", async ({ ledger }) => {
    const writers = [await owner(ledger, "p0"), await owner(ledger, "p1")];
    const expected = new Map<number, Uint8Array[]>();
    const overdue: number[][] = [[], []];
    for (let i = 0; i < 3000; i++) {
      const mine = i % 2;
      const group = mine + 2 * ((i >> 1) % 3);
      const state = [{ ...at("table", group), full: false, bytes: pattern(200, i) }];
      expected.set(group, [...(expected.get(group) ?? []), state[0].bytes]);
      for (const old of overdue[mine]) {
        const bytes = pattern(500, i + old);
        state.push({ ...at("table", old), full: true, bytes });
        expected.set(old, [bytes]);
      }
      const { rewrite } = await writers[mine].commit({ state });
      for (const { table, group: named } of rewrite) expect(table === "table" && named % 2 === mine, `p${mine} was asked for ${table}/${named}`);
      overdue[mine] = rewrite.map(({ group: named }) => named);
    }
    for (const [group, blocks] of expected) expectEqual(await ledger.state(at("table", group)), blocks, `group ${group}`);
  });

  test("records are kept by name, the last one counts", async ({ ledger }) => {
    expectEqual(await ledger.readRecord("plan"), undefined, "before");
    await ledger.writeRecord("plan", bytesOf(1));
    await ledger.writeRecord("plän/2 \u{1f600}", bytesOf(2));
    await ledger.writeRecord("plan", pattern(100_000, 3));
    await ledger.writeRecord("empty", new Uint8Array(0));
    expectEqual(await ledger.readRecord("plan"), pattern(100_000, 3), "plan");
    expectEqual(await ledger.readRecord("plän/2 \u{1f600}"), bytesOf(2), "another name");
    expectEqual(await ledger.readRecord("empty"), new Uint8Array(0), "an empty one");
  });
}

function delta(i: number) {
  return { ...at("table", 0), full: false, bytes: bytesOf(i) };
}
