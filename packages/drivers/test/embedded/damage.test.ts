import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "@millrace/core";
import { assertPrefix, commitUpTo, openOn, randomBelow } from "./support.ts";
import { MemoryFiles } from "./memory-files.ts";

const SMALL = { segmentBytes: 4_000, slackBytes: 60_000 };
const ONE_SEGMENT = { segmentBytes: 2 ** 20, slackBytes: 2 ** 20 };
const COMMITS = 49;

async function smallLog(close: boolean, commits = COMMITS, tuning = SMALL): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const ledger = openOn(files, tuning);
  await ledger.retain("topic", { bytes: 600 });
  await commitUpTo(ledger, commits);
  if (close) await ledger.close();
  return files.clone();
}

/** Opens and reads everything; gives the version found, or undefined where damage was reported. */
async function versionIn(files: MemoryFiles): Promise<number | undefined> {
  try {
    const ledger = openOn(files, SMALL);
    const version = await assertPrefix(ledger);
    await ledger.close();
    return version;
  } catch (error) {
    if (error instanceof MillraceError && error.code === "MILLRACE_STORE_CORRUPT") {
      assert.match(error.message, /\d+\.log.*at byte \d+/u);
      return undefined;
    }
    throw error;
  }
}

test("a bit that flips anywhere in a closed log is reported, or hits nothing that counts", async () => {
  const whole = await smallLog(true);
  assert.ok(whole.paths().length > 1, "the log should have several segments");
  let reported = 0;
  let harmless = 0;
  for (const path of whole.paths()) {
    for (let at = 0; at < whole.bytesOf(path).length; at += 7) {
      const damaged = whole.clone();
      damaged.bytesOf(path)[at] ^= 1 << (at * 5) % 8;
      const version = await versionIn(damaged);
      assert.ok(version === undefined || version === COMMITS, `${path} byte ${at}: version ${version}`);
      if (version === undefined) reported++;
      else harmless++;
    }
  }
  assert.ok(reported > 100 && harmless > 100, `${reported} reported, ${harmless} harmless`);
});

test("a bit that flips in a log that was not closed costs at most the last write", async () => {
  const whole = await smallLog(false);
  const path = whole.paths().at(-1) ?? "";
  for (let at = 0; at < whole.bytesOf(path).length; at += 5) {
    const damaged = whole.clone();
    damaged.bytesOf(path)[at] ^= 0x10;
    const version = await versionIn(damaged);
    assert.ok(version === undefined || version >= COMMITS - 1, `byte ${at}: version ${version}`);
  }
});

test("a log that ends anywhere is opened up to the last whole commit, and goes on", async () => {
  const whole = await smallLog(false, 12, ONE_SEGMENT);
  const [path] = whole.paths();
  const versions = new Set<number>();
  for (let size = whole.bytesOf(path).length; size >= 0; size -= 3) {
    const cut = whole.clone();
    cut.put(path, whole.bytesOf(path).slice(0, size));
    const version = await versionIn(cut.clone());
    assert.ok(version !== undefined && version <= 12, `cut at ${size}: version ${version}`);
    versions.add(version);
    if (size % 5 !== 0) continue;
    const ledger = openOn(cut, ONE_SEGMENT);
    await commitUpTo(ledger, version + 2);
    await ledger.close();
    assert.equal(await versionIn(cut), version + 2, `cut at ${size}`);
  }
  assert.equal(versions.size, 13);
});

test("a newest segment that lost its end is opened, or refused where older ones are gone since", async () => {
  const whole = await smallLog(false);
  const path = whole.paths().at(-1) ?? "";
  for (let size = whole.bytesOf(path).length; size >= 0; size -= 11) {
    const cut = whole.clone();
    cut.put(path, whole.bytesOf(path).slice(0, size));
    const version = await versionIn(cut);
    assert.ok(version === undefined || version <= COMMITS);
  }
});

test("a missing or shortened older segment is reported when the log is opened", async () => {
  const whole = await smallLog(true);
  const older = whole.paths().slice(0, -1);
  for (const path of older) {
    const missing = whole.clone();
    missing.remove(path);
    assert.throws(() => openOn(missing, SMALL), { code: "MILLRACE_STORE_CORRUPT" }, `${path} missing`);
    const short = whole.clone();
    short.put(path, whole.bytesOf(path).slice(0, -1));
    assert.throws(() => openOn(short, SMALL), { code: "MILLRACE_STORE_CORRUPT" }, `${path} short`);
  }
  const headless = whole.clone();
  headless.remove(whole.paths().at(-1) ?? "");
  assert.notEqual(await versionIn(headless), COMMITS);
});

test("damage to what retention or cleaning would have touched does not stop commits", async () => {
  const damaged = await smallLog(true);
  for (const path of damaged.paths().slice(0, -1)) damaged.bytesOf(path).fill(0xee, 40);
  const ledger = openOn(damaged, SMALL);
  await commitUpTo(ledger, COMMITS + 100);
  await ledger.close();
});

test("a power cut loses nothing that was acknowledged with durability on disk", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const below = randomBelow(seed);
    let files = new MemoryFiles();
    let acknowledged = 0;
    for (let round = 0; round < 3; round++) {
      const ledger = openOn(files, { ...SMALL, durability: "disk" });
      const found = await assertPrefix(ledger);
      assert.ok(found >= acknowledged, `seed ${seed}: version ${found} of ${acknowledged}`);
      await commitUpTo(ledger, found + below(20));
      acknowledged = (await ledger.root("p"))?.version ?? 0;
      const inFlight = below(2) === 0 ? commitUpTo(ledger, acknowledged + 1) : undefined;
      for (let turns = below(6); turns > 0; turns--) await Promise.resolve();
      const left = files.afterPowerCut(below);
      await inFlight;
      files = left;
    }
  }
});
