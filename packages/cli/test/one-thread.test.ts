import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError, start } from "millrace";
import { kept, orders } from "./troubled-workflow.ts";

const MODULE = new URL("./troubled-workflow.ts", import.meta.url);

for (const [trouble, limits, reason] of [
  ["exit", {}, /code 3/],
  ["hang", { timeout: "1s" }, /held its thread for more than 1000 ms/],
  ["memory", { memory: 48 * 2 ** 20 }, /memory limit/],
] as const) {
  test(`a function that ends its thread (${trouble}) does not take the program with it, and only its element is given up`, { timeout: 120_000 }, async () => {
    await using app = await start(MODULE, { instances: { min: 1, max: 1, ...limits } });
    await app.topic(orders).append([1, 2, 3].map((id) => ({ id, trouble: id === 2 ? trouble : "none" })));
    const found: unknown[] = [];
    for (let tries = 0; found.length < 2; tries++) {
      assert.ok(tries < 4000, "waited too long");
      await new Promise((resolve) => setTimeout(resolve, 20));
      found.length = 0;
      for await (const { id } of app.topic(kept).read()) found.push(id);
    }
    assert.deepEqual(found, [1, 3]);
    const letters: { readonly reason: string; readonly value: { readonly id: number } }[] = [];
    for (let tries = 0; letters.length === 0; tries++) {
      assert.ok(tries < 500, "waited too long for the dead letter");
      await new Promise((resolve) => setTimeout(resolve, 20));
      for await (const letter of app.topic({ ...orders, name: "orders.dead" }).read()) letters.push(letter as never);
    }
    assert.deepEqual(letters.map(({ value }) => value.id), [2]);
    assert.match(letters[0].reason, reason);
    assert.ok((await app.metrics()).replaced >= 1);
  });
}

test("what is said of stages that there are not, or cannot be, is refused with the names there are", async () => {
  const refused = async (stages: Readonly<Record<string, { readonly max?: number; readonly min?: number; readonly reserve?: number }>>, message: RegExp): Promise<void> => {
    await assert.rejects(start(MODULE, { instances: { max: 2, stages } }), (error) => error instanceof MillraceError && error.code === "MILLRACE_USAGE" && message.test(error.message));
  };
  await refused({ "troubled/orders": {} }, /limits of troubled\/orders: there is no such stage .*the stages are troubled\/source-orders-1/);
  await refused({ troubled: { min: 2, max: 1 } }, /min 2 is above max 1/);
  await refused({ troubled: { reserve: 3 } }, /3 are reserved .* of at most 2/);
});
