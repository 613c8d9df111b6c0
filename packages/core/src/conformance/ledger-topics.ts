import { expect, expectEqual, expectRejects } from "./expect.ts";
import type { LedgerTest, LedgerUnderTest } from "./ledger-subject.ts";
import { bytesOf, owner, pattern } from "./ledger-writer.ts";

/** Offsets, ranges, reads and retention. */
export function topicTests(test: LedgerTest): void {
  test("appends get dense offsets for each partition of a topic, in their order", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    const first = await writer.commit({ appends: [append("t", 0, 3), append("t", 1, 2), append("t", 0, 4), append("u", 0, 1)] });
    expectEqual(first.offsets, [0, 0, 3, 0], "offsets");
    const second = await writer.commit({ appends: [append("t", 1, 5), append("t", 0, 1)] });
    expectEqual(second.offsets, [2, 7], "offsets of the second commit");
    expectEqual(await ledger.range("t", 0), { start: 0, end: 8 }, "range of t/0");
    expectEqual(await ledger.range("t", 1), { start: 0, end: 7 }, "range of t/1");
    expectEqual(await ledger.topics(), new Map([["t", 2], ["u", 1]]), "topics");
  });

  test("a topic that nobody wrote to is empty", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await writer.commit({ appends: [append("t", 2, 1)] });
    expectEqual(await ledger.topics(), new Map([["t", 3]]), "topics");
    for (const [topic, partition] of [["none", 0], ["t", 0], ["t", 9]] as const) {
      expectEqual(await ledger.range(topic, partition), { start: 0, end: 0 }, `range of ${topic}/${partition}`);
      expectEqual(await ledger.read(topic, partition, 0, 100), [], `atoms of ${topic}/${partition}`);
    }
    await expectRejects(ledger.commit(writer.next({ appends: [append("t", 0, 0)] })), "MILLRACE_INVARIANT", "an append of no atoms");
  });

  test("reads give whole chunks, the first may begin before the offset", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    for (let i = 0; i < 10; i++) await writer.commit({ appends: [append("t", 0, 5, 100, i)] });
    const offsets = async (offset: number, maxBytes: number): Promise<number[]> =>
      (await ledger.read("t", 0, offset, maxBytes)).map((chunk) => chunk.offset);
    expectEqual(await offsets(0, 1e9), [0, 5, 10, 15, 20, 25, 30, 35, 40, 45], "all");
    expectEqual(await offsets(7, 1e9), [5, 10, 15, 20, 25, 30, 35, 40, 45], "from within a chunk");
    expectEqual(await offsets(20, 250), [20, 25], "250 bytes");
    expectEqual(await offsets(20, 300), [20, 25, 30], "300 bytes");
    expectEqual(await offsets(24, 1), [20], "at least one");
    expectEqual(await offsets(49, 1e9), [45], "the last atom");
    expectEqual(await offsets(50, 1e9), [], "the end");
    expectEqual(await offsets(51, 1e9), [], "beyond the end");
    expectEqual(await ledger.read("t", 0, 12, 1), [{ offset: 10, count: 5, bytes: pattern(100, 2) }], "a chunk");
  });

  test("retention drops whole chunks from the front and keeps what it promised", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await ledger.retain("t", { bytes: 20_000 });
    let start = 0;
    let appended = 0;
    for (; start < 30 && appended < 20_000; appended++) {
      await writer.commit({ appends: [append("t", 0, 3, 1000, appended), append("kept", 0, 1, 1000)] });
      const range = await ledger.range("t", 0);
      expect(range.start >= start, `the start went back from ${start} to ${range.start}`);
      expect(range.start % 3 === 0 && range.end === (appended + 1) * 3, `range ${JSON.stringify(range)}`);
      expect(range.end - range.start >= Math.min(60, range.end), `only ${range.end - range.start} atoms are left`);
      start = range.start;
    }
    expect(start > 0, "nothing was dropped");
    await expectRejects(ledger.read("t", 0, start - 1, 100), "MILLRACE_POSITION_LOST", "below the start");
    await expectRejects(ledger.read("t", 0, 0, 100), "MILLRACE_POSITION_LOST", "far below the start");
    await expectTail(ledger, start, appended);
    expectEqual(await ledger.range("kept", 0), { start: 0, end: appended }, "a topic without retention");
  });
  holdTest(test);
}

/** What nobody has read must stay. */
function holdTest(test: LedgerTest): void {
  test("what is held stays, whatever retention says, and goes once it is let go of", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    ledger.hold("t", 0, 30);
    await ledger.retain("t", { bytes: 2000 });
    for (let i = 0; i < 40; i++) await writer.commit({ appends: [append("t", 0, 3, 1000, i)] });
    const held = await ledger.range("t", 0);
    expect(held.start <= 30, `it begins at ${held.start}, but 30 is held`);
    expectEqual((await ledger.read("t", 0, 30, 1)).map(({ offset }) => offset), [30], "the chunk that is held");
    ledger.hold("t", 0, 90);
    for (let i = 40; i < 44; i++) await writer.commit({ appends: [append("t", 0, 3, 1000, i)] });
    const after = await ledger.range("t", 0);
    expect(after.start <= 90 && after.start >= held.start, `it begins at ${after.start}, but 90 is held`);
  });
}

/** Trimming lets go what is below an offset, in whole chunks, and nothing above it. */
export function trimTests(test: LedgerTest): void {
  test("what is trimmed is gone, what is above stays, and offsets go on", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    for (let i = 0; i < 10; i++) await writer.commit({ appends: [append("t", 0, 3, 1000, i), append("t", 1, 1)] });
    await ledger.trim("t", 0, 13);
    const { start, end } = await ledger.range("t", 0);
    expect(start <= 12 && start % 3 === 0 && end === 30, `range ${start} to ${end}`);
    await expectTail(ledger, start, 10);
    if (start > 0) await expectRejects(ledger.read("t", 0, start - 1, 100), "MILLRACE_POSITION_LOST", "below the start");
    await ledger.trim("t", 0, 5);
    expectEqual(await ledger.range("t", 0), { start, end }, "after trimming less");
    expectEqual(await ledger.range("t", 1), { start: 0, end: 10 }, "another partition");
    await ledger.trim("t", 0, 30);
    await ledger.trim("none", 0, 30);
    expectEqual((await writer.commit({ appends: [append("t", 0, 2)] })).offsets, [30], "the next offset");
    expectEqual((await ledger.read("t", 0, 30, 100)).map((chunk) => chunk.offset), [30], "the next chunk");
  });

  test("trimming all of a log again and again leaves it small", async (subject) => {
    let { ledger } = subject;
    const writer = await owner(ledger, "p");
    for (let i = 0; i < 50; i++) {
      await writer.commit({ appends: [append("t", 0, 7, 500, i)] });
      await ledger.trim("t", 0, i * 7);
      if (i % 20 !== 19 || subject.reopen === undefined) continue;
      ledger = await subject.reopen();
      await writer.fence(ledger);
    }
    const { start, end } = await ledger.range("t", 0);
    expect(end === 350 && start > 0, `range ${start} to ${end}`);
    expect((await ledger.read("t", 0, start, 1e9)).reduce((count, chunk) => count + chunk.count, 0) === end - start, "atoms that are left");
  });
}

async function expectTail(ledger: LedgerUnderTest, start: number, appended: number): Promise<void> {
  let offset = start;
  while (offset < appended * 3) {
    const chunks = await ledger.read("t", 0, offset, 5000);
    expect(chunks.length > 0, `nothing to read at ${offset}`);
    for (const chunk of chunks) {
      expectEqual(chunk, { offset, count: 3, bytes: pattern(1000, offset / 3) }, `chunk at ${offset}`);
      offset += 3;
    }
  }
}

function append(topic: string, partition: number, count: number, length = 0, seed = 0) {
  return { topic, partition, count, bytes: length === 0 ? bytesOf(count) : pattern(length, seed) };
}
