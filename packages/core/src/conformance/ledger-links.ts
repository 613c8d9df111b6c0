import { expectEqual, expectRejects } from "./expect.ts";
import type { LedgerTest, LedgerUnderTest } from "./ledger-subject.ts";
import { bytesOf, owner, pendingOf } from "./ledger-writer.ts";

/** Sends, what is pending, and what was applied. */
export function linkTests(test: LedgerTest): void {
  test("sends of a link must be dense from 1, within a commit too", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await expectRejects(ledger.commit(writer.next(sends("l", 2))), "MILLRACE_INVARIANT", "beginning at 2");
    await writer.commit(sends("l", 1, 2, 3));
    for (const wrong of [[3], [5], [4, 6], [4, 4]]) {
      await expectRejects(ledger.commit(writer.next(sends("l", ...wrong))), "MILLRACE_INVARIANT", `after 3: ${wrong.join()}`);
    }
    await writer.commit(sends("l", 4));
    expectEqual(await sequences(ledger, "l", 0), [1, 2, 3, 4], "pending");
  });

  test("pending gives what lies above `after` and was not applied", async ({ ledger }) => {
    const sender = await owner(ledger, "sender");
    const receiver = await owner(ledger, "receiver");
    await sender.commit(sends("l", 1, 2, 3, 4, 5));
    expectEqual((await pendingOf(ledger, "l", 3)).map(({ bytes }) => bytes), [bytesOf(4), bytesOf(5)], "bytes above 3");
    expectEqual(await sequences(ledger, "l", 5), [], "above the last");
    expectEqual(await sequences(ledger, "none", 0), [], "of an unknown link");
    await receiver.commit({ applied: [{ link: "l", sequence: 2 }] });
    expectEqual(await sequences(ledger, "l", 0), [3, 4, 5], "after applying 2");
    await receiver.commit({ applied: [{ link: "l", sequence: 1 }, { link: "l", sequence: 5 }] });
    expectEqual(await sequences(ledger, "l", 0), [], "after applying all");
    await sender.commit(sends("l", 6));
    expectEqual(await sequences(ledger, "l", 0), [6], "sent after that");
  });

  test("what was never sent cannot have been applied", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await writer.commit(sends("l", 1));
    const early = { applied: [{ link: "l", sequence: 2 }] };
    await expectRejects(ledger.commit(writer.next(early)), "MILLRACE_INVARIANT", "applied ahead of sent");
    await expectRejects(ledger.commit(writer.next({ applied: [{ link: "x", sequence: 1 }] })), "MILLRACE_INVARIANT", "unknown link");
    await writer.commit({ ...sends("l", 2), applied: [{ link: "l", sequence: 2 }] });
    expectEqual(await sequences(ledger, "l", 0), [], "sent and applied by one commit");
  });

  test("what is sent while a link is read is read too", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await writer.commit(sends("l", 1, 2));
    const seen: number[] = [];
    for await (const { sequence } of ledger.pending("l", 0)) {
      seen.push(sequence);
      if (sequence <= 3) await writer.commit(sends("l", sequence + 2));
    }
    expectEqual(seen, [1, 2, 3, 4, 5], "sequences");
  });

  test("what is applied while a link is read is not an error", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await writer.commit(sends("l", ...Array.from({ length: 1000 }, (_, i) => i + 1)));
    let last = 0;
    for await (const { sequence, bytes } of ledger.pending("l", 0)) {
      expectEqual(sequence, last + 1, "sequence");
      expectEqual(bytes, bytesOf(sequence), "bytes");
      last = sequence;
      if (sequence % 100 === 0) await writer.commit({ applied: [{ link: "l", sequence }] });
    }
    expectEqual(last, 1000, "last");
  });
}

function sends(link: string, ...numbers: number[]) {
  return { sends: numbers.map((sequence) => ({ link, sequence, bytes: bytesOf(sequence) })) };
}

async function sequences(ledger: LedgerUnderTest, link: string, after: number): Promise<number[]> {
  const batches = await pendingOf(ledger, link, after);
  return batches.map(({ sequence }) => sequence);
}
