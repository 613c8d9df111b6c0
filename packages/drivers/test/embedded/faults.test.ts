import assert from "node:assert/strict";
import { test } from "node:test";
import { assertPrefix, commitOf, commitUpTo, openOn, randomBelow } from "./support.ts";
import { MemoryFiles, systemError } from "./memory-files.ts";

test("a full disk refuses a commit whole, and the ledger goes on once there is room", async () => {
  const files = new MemoryFiles();
  const ledger = openOn(files);
  await commitUpTo(ledger, 10);
  const { epoch } = await ledger.fence("p");
  for (const partial of [0, 1, 60, 200, 700]) {
    files.onWrite = () => ({ error: systemError("ENOSPC"), partial });
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(ledger.commit(commitOf(epoch, 11)), { code: "MILLRACE_STORE_FULL", retryable: true });
      assert.equal(await assertPrefix(ledger), 10);
    }
    assert.equal(await assertPrefix(openOn(files.clone())), 10);
  }
  files.onWrite = undefined;
  assert.equal((await ledger.commit(commitOf(epoch, 11))).outcome, "applied");
  await ledger.close();
  assert.equal(await assertPrefix(openOn(files)), 11);
});

test("after a write error of unknown outcome the root says what recovery reads", async () => {
  for (const truncates of [true, false]) {
    const files = new MemoryFiles();
    const ledger = openOn(files);
    const epoch = await commitUpTo(ledger, 5);
    let failing = true;
    files.onWrite = () => (failing ? { error: systemError("EIO"), partial: Infinity } : undefined);
    files.onTruncate = () => {
      if (!truncates && failing) throw systemError("EIO");
    };
    await assert.rejects(ledger.commit(commitOf(epoch, 6)), { code: "MILLRACE_UNKNOWN_OUTCOME", retryable: true });
    failing = false;
    const version = await assertPrefix(ledger);
    assert.equal(version, truncates ? 5 : 6, "the frame was whole, so only a cut could undo it");
    assert.equal((await ledger.commit(commitOf(epoch, version + 1))).outcome, "applied");
    await ledger.close();
    assert.equal(await assertPrefix(openOn(files)), version + 1);
  }
});

test("a failed sync leaves the outcome unknown and stops the ledger until it is opened again", async () => {
  const files = new MemoryFiles();
  const ledger = openOn(files, { durability: "disk" });
  const epoch = await commitUpTo(ledger, 5);
  files.onSync = () => {
    throw systemError("EIO");
  };
  await assert.rejects(ledger.commit(commitOf(epoch, 6)), { code: "MILLRACE_UNKNOWN_OUTCOME" });
  files.onSync = undefined;
  await assert.rejects(ledger.commit(commitOf(epoch, 6)), { code: "MILLRACE_IO" });
  await assert.rejects(ledger.root("p"), { code: "MILLRACE_IO" });
  await ledger.close();
  assert.ok((await assertPrefix(openOn(files))) >= 5);
});

test("of a group of commits that fails, every one is told", async () => {
  const files = new MemoryFiles();
  const ledger = openOn(files);
  await Promise.all(["a", "b", "c"].map((partition) => ledger.fence(partition)));
  files.onWrite = () => ({ error: systemError("ENOSPC"), partial: 300 });
  const commits = ["a", "b", "c"].map((partition) => ledger.commit({ ...commitOf(1, 1), partition, sends: [], applied: [] }));
  for (const result of await Promise.allSettled(commits)) assert.equal(result.status, "rejected");
  files.onWrite = undefined;
  for (const { version } of (await ledger.partitions()).values()) assert.equal(version, 0);
});

test("writes that fail at random places and times never leave half a commit", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const below = randomBelow(seed);
    const files = new MemoryFiles();
    const ledger = openOn(files, { segmentBytes: 3_000, slackBytes: 2_000 });
    const { epoch } = await ledger.fence("p");
    files.onWrite = () => (below(4) === 0 ? { error: systemError(below(2) === 0 ? "ENOSPC" : "EIO"), partial: below(3_000) } : undefined);
    files.onTruncate = () => {
      if (below(4) === 0) throw systemError("EIO");
    };
    let version = 0;
    for (let tries = 0; version < 45 && tries < 400; tries++) {
      try {
        const result = await ledger.commit(commitOf(epoch, version + 1));
        assert.equal(result.outcome, "applied");
        version++;
      } catch (error) {
        const before = version;
        version = (await rootThrough(ledger))?.version ?? version;
        assert.ok(version === before || version === before + 1, `seed ${seed}: ${String(error)}`);
      }
    }
    files.onWrite = undefined;
    files.onTruncate = undefined;
    assert.equal(await assertPrefix(ledger), version, `seed ${seed}`);
    assert.equal(await assertPrefix(openOn(files.clone())), version, `seed ${seed}, opened again`);
  }
});

/** The root, though opening the log again may fail a few times too. */
async function rootThrough(ledger: ReturnType<typeof openOn>): ReturnType<typeof ledger.root> {
  for (let tries = 0; tries < 50; tries++) {
    try {
      return await ledger.root("p");
    } catch {
      // Opening cuts off what is torn, which may fail in turn.
    }
  }
  return assert.fail("the log could not be opened again");
}

test("a wrong argument is told to its caller alone", async () => {
  const ledger = openOn(new MemoryFiles());
  const epoch = await commitUpTo(ledger, 3);
  const huge = { length: 2 ** 31 } as Uint8Array;
  await assert.rejects(ledger.commit({ ...commitOf(epoch, 4), progress: huge }), { code: "MILLRACE_USAGE" });
  assert.equal((await ledger.commit(commitOf(epoch, 4))).outcome, "applied");
  assert.equal(await assertPrefix(ledger), 4);
});
