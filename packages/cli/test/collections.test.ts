import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { collection, start, topic, workflow, type RowChange } from "millrace";

interface Lamp {
  readonly id: string;
  readonly broken: boolean;
}

const reports = topic<Lamp>("reports");
const lamps = collection<Lamp>("lamps", { key: (lamp) => lamp.id });
const notes = collection<{ readonly page: number; readonly text: string }>("notes", { key: (note) => note.page });
const reporting = workflow("reporting", (flow) => flow.from(reports).to(lamps));

test("an app's collections are edited, and a client goes on after the version it saw", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "millrace-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const first = await start(reporting, { data, collections: [notes] });
  const version: number = await first.collection(lamps).put({ id: "a", broken: true });
  await first.collection(lamps).edit([{ put: { id: "b", broken: true } }, { delete: "a" }]);
  await first.collection(notes).put({ page: 1, text: "hello" });
  await first.stop();
  await assert.rejects(first.collection(lamps).delete("b"), { code: "MILLRACE_STOPPED" });

  await using app = await start(reporting, { data, collections: [notes] });
  const lampsNow = app.collection(lamps);
  assert.deepEqual([lampsNow.version, lampsNow.rows(), app.collection(notes).get(1)], [3, [{ id: "b", broken: true }], { page: 1, text: "hello" }]);
  const seen: RowChange<Lamp>[] = [];
  const told = Promise.withResolvers<number>();
  const end = lampsNow.subscribe(
    (changes, { version: now }) => {
      seen.push(...changes);
      if (now === 4) told.resolve(now);
    },
    { after: version },
  );
  assert.equal(await lampsNow.delete("b"), 4);
  assert.equal(await told.promise, 4);
  end();
  assert.deepEqual(seen, [{ key: "b", row: { id: "b", broken: true } }, { key: "a", row: undefined }, { key: "b", row: undefined }]);
  assert.throws(() => app.collection(collection<Lamp>("others", { key: (lamp) => lamp.id })), { code: "MILLRACE_NOT_FOUND" });
});
