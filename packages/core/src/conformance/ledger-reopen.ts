import { expect, expectEqual } from "./expect.ts";
import type { LedgerSubject, LedgerTest, LedgerUnderTest } from "./ledger-subject.ts";
import { at, bytesOf, owner, pattern, pendingOf, type PartitionWriter, type Parts } from "./ledger-writer.ts";

/** What is still there after a restart; nothing to test where durability is "none". */
export function reopenTests(test: LedgerTest): void {
  for (const way of ["reopen", "kill"] as const) {
    test(`after ${way === "reopen" ? "closing" : "the death of its process"}, a ledger has all that was acknowledged`, async (subject) => {
      if (subject.ledger.capabilities.durability === "none") return;
      const again = restart(subject, way);
      const writer = await prepare(subject.ledger);
      for (let i = 1; i <= 20; i++) await writer.commit(parts(i));
      await expectAll(await again(), 20);
      const ledger = await again();
      await writer.fence(ledger);
      for (let i = 21; i <= 40; i++) await writer.commit(parts(i));
      await expectAll(await again(), 40);
      expectEqual((await (await again()).fence("retired")).epoch, 2, "epoch of what was retired");
    });
  }

  test("a ledger that is reopened after every commit loses nothing", async (subject) => {
    if (subject.ledger.capabilities.durability === "none") return;
    let { ledger } = subject;
    const writer = await prepare(ledger);
    for (let i = 1; i <= 30; i++) {
      await writer.commit(parts(i));
      ledger = await restart(subject, i % 2 === 0 ? "kill" : "reopen")();
      await writer.fence(ledger);
      expectEqual(writer.version, i, "version");
    }
    await expectAll(ledger, 30);
  });
}

async function prepare(ledger: LedgerUnderTest): Promise<PartitionWriter> {
  await ledger.fence("idle");
  await ledger.fence("retired");
  await ledger.retire("retired");
  await ledger.writeRecord("plan", bytesOf(42));
  await ledger.retain("t", { bytes: 1e9 });
  return await owner(ledger, "p");
}

function restart(subject: LedgerSubject, way: "reopen" | "kill"): () => Promise<LedgerUnderTest> {
  const again = subject[way] ?? subject.reopen;
  expect(again !== undefined, "a subject with a durability other than none needs `reopen`");
  return again;
}

function parts(i: number): Parts {
  return {
    wakeAt: i * 1000,
    state: [{ ...at("table", i % 3), full: i % 7 === 0, bytes: pattern(50, i) }],
    sends: [{ link: "link", sequence: i, bytes: pattern(i * 40, i) }],
    applied: i > 5 ? [{ link: "link", sequence: i - 5 }] : [],
    appends: [{ topic: "t", partition: 1, count: i, bytes: pattern(60, i) }],
  };
}

async function expectAll(ledger: LedgerUnderTest, last: number): Promise<void> {
  const root = await ledger.root("p");
  expectEqual([root?.version, root?.wakeAt, root?.progress], [last, last * 1000, bytesOf(last)], "root");
  expectEqual([...(await ledger.partitions()).keys()].sort(), ["idle", "p"], "partitions");
  expectEqual(await ledger.readRecord("plan"), bytesOf(42), "record");
  for (let group = 0; group < 3; group++) {
    let blocks: Uint8Array[] = [];
    for (let i = 1; i <= last; i++) {
      if (i % 3 !== group) continue;
      blocks = i % 7 === 0 ? [pattern(50, i)] : [...blocks, pattern(50, i)];
    }
    expectEqual(await ledger.state(at("table", group)), blocks, `state of group ${group}`);
  }
  const batches = await pendingOf(ledger, "link", 0);
  expectEqual(batches.map(({ sequence }) => sequence), [4, 3, 2, 1, 0].map((back) => last - back), "pending");
  for (const { sequence, bytes } of batches) expectEqual(bytes, pattern(sequence * 40, sequence), `batch ${sequence}`);
  expectEqual(await ledger.range("t", 1), { start: 0, end: (last * (last + 1)) / 2 }, "range");
  const chunks = await ledger.read("t", 1, 0, 1e9);
  expectEqual(chunks.map(({ bytes }) => bytes), Array.from({ length: last }, (_, i) => pattern(60, i + 1)), "atoms");
}
