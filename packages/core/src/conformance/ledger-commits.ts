import { expect, expectEqual, expectRejects } from "./expect.ts";
import type { LedgerTest, LedgerUnderTest } from "./ledger-subject.ts";
import { at, bytesOf, makeCommit, owner, pattern, pendingOf, type Parts } from "./ledger-writer.ts";

/** Roots, versions, epochs, and that a commit is whole or not at all. */
export function commitTests(test: LedgerTest): void {
  test("a partition has no root until it is fenced, and then epoch 1 and version 0", async ({ ledger }) => {
    expectEqual(await ledger.root("p"), undefined, "root before");
    const fenced = await ledger.fence("p");
    expectEqual(fenced, { epoch: 1, version: 0, progress: new Uint8Array(0), wakeAt: Infinity }, "root given");
    expectEqual(await ledger.root("p"), fenced, "root read");
    expectEqual(await ledger.partitions(), new Map([["p", fenced]]), "partitions");
  });

  test("fencing raises the epoch and keeps version, progress and wakeAt", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await writer.commit({ progress: bytesOf(1, 2, 3), wakeAt: 1_700_000_000_123 });
    expectEqual(await ledger.fence("p"), { epoch: 2, version: 1, progress: bytesOf(1, 2, 3), wakeAt: 1_700_000_000_123 }, "root");
    await writer.fence();
    await writer.commit({ wakeAt: 5 });
    expectEqual(await ledger.root("p"), { epoch: 3, version: 2, progress: bytesOf(2), wakeAt: 5 }, "root after");
  });

  test("only the next version is applied; others are refused with the root", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await writer.commit({});
    const root = await ledger.root("p");
    for (const version of [0, 1, 3]) {
      const result = await ledger.commit(makeCommit("p", 1, version, {}));
      expectEqual(result, { outcome: "refused", root }, `version ${version}`);
    }
    await writer.commit({});
  });

  test("a partition that was never fenced is refused with epoch 0", async ({ ledger }) => {
    const result = await ledger.commit(makeCommit("p", 1, 1, everything(1)));
    expect(result.outcome === "refused" && result.root.epoch === 0, `got ${JSON.stringify(result)}`);
    expectEqual(await ledger.root("p"), undefined, "root");
    await expectNothing(ledger);
  });

  test("a zombie cannot commit anything once another has the lease", async ({ ledger }) => {
    const zombie = await owner(ledger, "p");
    const heir = await owner(ledger, "p");
    const late = await ledger.commit(zombie.next(everything(1)));
    expect(late.outcome === "refused" && late.root.epoch === 2 && late.root.version === 0, `got ${JSON.stringify(late)}`);
    await expectNothing(ledger);
    await heir.commit(everything(1));
    const later = await ledger.commit(zombie.next(everything(2)));
    expect(later.outcome === "refused" && later.root.version === 1, `got ${JSON.stringify(later)}`);
    expectEqual((await ledger.range("t", 0)).end, 2, "end of the topic");
  });

  test("a commit that breaks a link's order is an error and leaves nothing", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    const parts = everything(1);
    const broken = { ...parts, sends: [...(parts.sends ?? []), { link: "other", sequence: 2, bytes: bytesOf(0) }] };
    await expectRejects(ledger.commit(writer.next(broken)), "MILLRACE_INVARIANT", "a gap");
    await expectNothing(ledger);
    expectEqual((await ledger.root("p"))?.version, 0, "version");
    await writer.commit(parts);
  });

  test("after a lost answer the root tells, and a repeated commit is refused and counted once", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    const commit = writer.next(everything(1));
    await ledger.commit(commit);
    expectEqual((await ledger.root("p"))?.version, commit.version, "version in the root");
    const again = await ledger.commit(commit);
    expect(again.outcome === "refused" && again.root.version === commit.version && again.root.epoch === commit.epoch, "repeated");
    expectEqual(await ledger.range("t", 0), { start: 0, end: 2 }, "topic");
    expectEqual((await ledger.state(at("table", 7))).length, 1, "blocks");
    expectEqual((await pendingOf(ledger, "link", 0)).length, 1, "batches");
  });

  test("a retired partition has no root, and its old owner stays shut out", async ({ ledger }) => {
    const old = await owner(ledger, "p");
    await old.commit(everything(1));
    await ledger.retire("p");
    await ledger.retire("never there");
    expectEqual(await ledger.root("p"), undefined, "root");
    expectEqual(await ledger.partitions(), new Map(), "partitions");
    expectEqual((await ledger.commit(old.next({}))).outcome, "refused", "before the fence");
    expectEqual(await ledger.state(at("table", 7)), [pattern(10, 1)], "state, which stays");
    const fresh = await ledger.fence("p");
    expect(fresh.epoch > old.epoch && fresh.version === 0 && fresh.progress.length === 0, `got ${JSON.stringify(fresh)}`);
    expectEqual((await ledger.commit(makeCommit("p", old.epoch, 1, {}))).outcome, "refused", "old epoch");
    expectEqual((await ledger.commit(makeCommit("p", fresh.epoch, 1, {}))).outcome, "applied", "new epoch");
  });

  test("commits of many partitions that come at once are all applied", async ({ ledger }) => {
    const writers = await Promise.all(Array.from({ length: 50 }, (_, i) => owner(ledger, `p${i}`)));
    const state = (i: number) => [{ ...at("table", i), full: true, bytes: bytesOf(i) }];
    for (let round = 0; round < 5; round++) await Promise.all(writers.map((writer, i) => writer.commit({ state: state(i) })));
    const roots = await ledger.partitions();
    expectEqual([...roots.values()].map(({ version }) => version), writers.map(() => 5), "versions");
    expectEqual((await ledger.groups("table")).length, 50, "groups");
  });

  test("of several commits for one version that come at once, exactly the first is applied", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    const results = await Promise.all([1, 2, 3].map((i) => ledger.commit(writer.next({ progress: bytesOf(i) }))));
    expectEqual(results.map(({ outcome }) => outcome), ["applied", "refused", "refused"], "outcomes");
    expectEqual((await ledger.root("p"))?.progress, bytesOf(1), "progress");
  });

  test("bytes given and taken are independent of the driver's, shared memory included", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    const shared = new Uint8Array(new SharedArrayBuffer(100_000));
    shared.set(pattern(100_000, 1));
    const parts = everything(1);
    await writer.commit({ ...parts, progress: shared.subarray(0, 5), state: [{ ...at("table", 7), full: true, bytes: shared }] });
    shared.fill(0);
    (await ledger.root("p"))?.progress.fill(0);
    (await ledger.state(at("table", 7)))[0].fill(0);
    expectEqual((await ledger.root("p"))?.progress, pattern(100_000, 1).subarray(0, 5), "progress");
    expectEqual(await ledger.state(at("table", 7)), [pattern(100_000, 1)], "state");
  });

  test("a closed ledger does nothing any more, and closing again is harmless", async ({ ledger }) => {
    const writer = await owner(ledger, "p");
    await ledger.close();
    await ledger.close();
    await expectRejects(ledger.commit(writer.next({})), "MILLRACE_STOPPED", "commit");
    await expectRejects(ledger.root("p"), "MILLRACE_STOPPED", "root");
    await expectRejects(ledger.range("t", 0), "MILLRACE_STOPPED", "range");
  });
}

function everything(i: number): Parts {
  return {
    state: [{ ...at("table", 7), full: true, bytes: pattern(10, i) }],
    sends: [{ link: "link", sequence: i, bytes: pattern(20, i) }],
    appends: [{ topic: "t", partition: 0, count: 2, bytes: pattern(30, i) }],
  };
}

async function expectNothing(ledger: LedgerUnderTest): Promise<void> {
  expectEqual(await ledger.state(at("table", 7)), [], "state");
  expectEqual(await ledger.groups("table"), [], "groups");
  expectEqual(await pendingOf(ledger, "link", 0), [], "pending");
  expectEqual(await ledger.range("t", 0), { start: 0, end: 0 }, "range");
  expectEqual(await ledger.read("t", 0, 0, 1000), [], "atoms");
}
