import { expectEqual } from "./expect.ts";
import type { LedgerTest } from "./ledger-subject.ts";
import { at, bytesOf, owner, pattern, pendingOf } from "./ledger-writer.ts";

const MEGABYTE = 1024 * 1024;

/** Few large things and many small ones. */
export function sizeTests(test: LedgerTest): void {
  test("blocks, batches and chunks of 20 MB come back whole", async (subject) => {
    const writer = await owner(subject.ledger, "p");
    const big = pattern(20 * MEGABYTE, 1);
    await writer.commit({ state: [{ ...at("table", 0), full: true, bytes: big }] });
    await writer.commit({
      sends: [{ link: "l", sequence: 1, bytes: big }],
      appends: [{ topic: "t", partition: 0, count: 1_000_000, bytes: big }, { topic: "t", partition: 0, count: 1, bytes: bytesOf(1) }],
    });
    const ledger = (await subject.reopen?.()) ?? subject.ledger;
    expectEqual(await ledger.state(at("table", 0)), [big], "state");
    expectEqual((await pendingOf(ledger, "l", 0))[0].bytes, big, "batch");
    expectEqual(await ledger.read("t", 0, 999_999, 1), [{ offset: 0, count: 1_000_000, bytes: big }], "chunk");
    expectEqual((await ledger.read("t", 0, 1_000_000, 1))[0].bytes, bytesOf(1), "the chunk after it");
  });

  test("10,000 small commits are all there", async (subject) => {
    const writer = await owner(subject.ledger, "p");
    const overdue = new Map<number, Uint8Array>();
    const counts = new Map<number, number>();
    for (let i = 1; i <= 10_000; i++) {
      const group = i % 256;
      counts.set(group, (counts.get(group) ?? 0) + 1);
      const { rewrite } = await writer.commit({
        state: [{ ...at("table", group), full: false, bytes: bytesOf(i) }],
        sends: [{ link: "l", sequence: i, bytes: bytesOf(i) }],
        applied: i > 100 ? [{ link: "l", sequence: i - 100 }] : [],
        appends: [{ topic: "t", partition: 0, count: 1, bytes: bytesOf(i) }],
      });
      for (const { group: named } of rewrite) overdue.set(named, bytesOf(i));
    }
    const ledger = (await subject.reopen?.()) ?? subject.ledger;
    expectEqual((await ledger.root("p"))?.version, 10_000, "version");
    for (const [group, count] of counts) expectEqual((await ledger.state(at("table", group))).length, count, `blocks of group ${group}`);
    expectEqual((await pendingOf(ledger, "l", 0)).length, 100, "pending");
    let offset = 0;
    while (offset < 10_000) {
      for (const chunk of await ledger.read("t", 0, offset, 10_000)) {
        expectEqual(chunk, { offset, count: 1, bytes: bytesOf(offset + 1) }, `chunk at ${offset}`);
        offset++;
      }
    }
  });

  test("2,000 links in one commit keep apart", async (subject) => {
    const writer = await owner(subject.ledger, "p");
    const links = Array.from({ length: 2000 }, (_, i) => `stage-${i % 7}/${i}`);
    for (let sequence = 1; sequence <= 3; sequence++) {
      await writer.commit({ sends: links.map((link, i) => ({ link, sequence, bytes: bytesOf(i, sequence) })) });
    }
    await writer.commit({ applied: links.filter((_, i) => i % 2 === 0).map((link) => ({ link, sequence: 2 })) });
    const ledger = (await subject.reopen?.()) ?? subject.ledger;
    for (let i = 0; i < links.length; i += 37) {
      const expected = (i % 2 === 0 ? [3] : [1, 2, 3]).map((sequence) => ({ link: links[i], sequence, bytes: bytesOf(i, sequence) }));
      expectEqual(await pendingOf(ledger, links[i], 0), expected, links[i]);
    }
  });
}
