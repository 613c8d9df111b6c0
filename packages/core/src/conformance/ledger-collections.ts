import { virtualClock } from "../memory/clock.ts";
import { Editor } from "../engine/collections/edits.ts";
import type { CollectionChange } from "../engine/collections/rows.ts";
import type { CollectionStore } from "../engine/collections/store.ts";
import { Coordinator } from "../engine/coordinator.ts";
import { collection } from "../graph/refs.ts";
import { expect, expectEqual } from "./expect.ts";
import type { LedgerTest, LedgerUnderTest } from "./ledger-subject.ts";

interface Row {
  readonly id: string;
  readonly value: number;
}

const rows = collection<Row>("rows", { key: (row) => row.id });

/** Collections on the ledger: their change log, its compaction, and going on after a version. */
export function collectionTests(test: LedgerTest): void {
  test("a collection is what its edits say, in their order, and its version counts them", async ({ ledger }) => {
    const { store, editor } = await open(ledger);
    expectEqual(await editor.edit(rows, [{ put: { id: "a", value: 1 } }, { put: { id: "b", value: 1 } }, { put: { id: "a", value: 2 } }]), 3, "version");
    expectEqual(await Promise.all([editor.edit(rows, [{ delete: "b" }]), editor.edit(rows, [{ put: { id: "b", value: 5 } }]), editor.edit(rows, [{ delete: "none" }])]), [4, 5, 5], "versions");
    expectEqual(store.rows("rows"), [{ key: "a", row: { id: "a", value: 2 } }, { key: "b", row: { id: "b", value: 5 } }], "rows");
    expectEqual([store.get("rows", "b"), store.get("rows", "c")], [{ id: "b", value: 5 }, undefined], "single rows");
  });

  test("a compacted collection is the same after a restart, and its log is bounded", async (subject) => {
    let { ledger } = subject;
    let { store, editor } = await open(ledger, 4000);
    let edits = 0;
    for (let i = 0; i < 400; i++) {
      edits = await editor.edit(rows, [{ put: { id: `row ${i % 30}`, value: i } }, ...(i % 7 === 0 ? [{ delete: `row ${(i * 3) % 30}` }] : [])]);
      if (i % 150 !== 149 || subject.reopen === undefined) continue;
      const before = store.rows("rows");
      ledger = await subject.reopen();
      ({ store, editor } = await open(ledger, 4000));
      expectEqual(store.rows("rows"), before, `rows after ${i}`);
      expectEqual(store.version("rows"), edits, `version after ${i}`);
    }
    const { start, end } = await ledger.range("collection/rows", 0);
    expect(end === edits && start > 0, `the log goes from ${start} to ${end}`);
  });

  test("a subscriber goes on after the version it knows, and gets all rows where the log does not", async ({ ledger }) => {
    const { store, editor } = await open(ledger, 4000);
    for (let i = 0; i < 5; i++) await editor.edit(rows, [{ put: { id: "a", value: i } }, { put: { id: "b", value: i } }]);
    const seen: Seen[] = [];
    const ends = [7, 10, 0, 99].map((after, i) => store.subscribe("rows", (changes, { version, snapshot }) => seen.push({ i, changes, version, snapshot }), after));
    await editor.edit(rows, [{ delete: "a" }]);
    await until(() => [0, 1, 2, 3].every((i) => seen.some((one) => one.i === i && one.version === 11)));
    const of = (i: number): CollectionChange[] => seen.filter((one) => one.i === i).flatMap(({ changes }) => changes);
    const change = (id: string, value: number): CollectionChange => ({ key: id, row: { id, value } });
    const gone: CollectionChange = { key: "a", row: undefined };
    expectEqual(of(0), [change("b", 3), change("a", 4), change("b", 4), gone], "after 7");
    expectEqual(of(1), [gone], "after the last");
    expectEqual(of(2).length, 11, "from the beginning");
    const last = new Map(of(3).map(({ key, row }) => [key, row]));
    expectEqual([seen.find((one) => one.i === 3)?.snapshot, last.get("a"), last.get("b")], [true, undefined, { id: "b", value: 4 }], "after a version that never was");
    for (const end of ends) end();
    for (let i = 0; i < 200; i++) await editor.edit(rows, [{ put: { id: "b", value: i } }]);
    seen.length = 0;
    store.subscribe("rows", (changes, { version, snapshot }) => seen.push({ i: 4, changes, version, snapshot }), 3);
    await until(() => seen.length > 0);
    expectEqual(seen, [{ i: 4, changes: [change("b", 199)], version: 211, snapshot: true }], "after a version that was compacted");
  });
}

interface Seen {
  readonly i: number;
  readonly changes: readonly CollectionChange[];
  readonly version: number;
  readonly snapshot: boolean;
}

async function open(ledger: LedgerUnderTest, changeLogBytes?: number): Promise<{ readonly store: CollectionStore; readonly editor: Editor }> {
  const coordinator = new Coordinator({ plans: [], ledger, clock: virtualClock(), collections: ["rows"], ...(changeLogBytes === undefined ? {} : { changeLogBytes }) });
  await coordinator.load();
  return { store: coordinator.collections, editor: new Editor(coordinator.ledgerForPartitions(), coordinator.collections) };
}

async function until(isDone: () => boolean): Promise<void> {
  const clock = virtualClock();
  for (let turn = 0; turn < 10_000 && !isDone(); turn++) await clock.turn();
  expect(isDone(), "subscribers were not told");
}
