import { fields, topic, workflow } from "millrace";

export const orders = topic("orders", { schema: fields({ id: "number", trouble: "string" }) });
export const kept = topic<{ readonly id: number }>("kept");

export const troubled = workflow("troubled", (flow) => flow.from(orders).map(({ id, trouble }) => ({ id, held: makeTrouble(trouble) })).to(kept));

/** Whether something is held, after doing what no function should. */
function makeTrouble(trouble: string): boolean {
  if (trouble === "exit") process.exit(3);
  if (trouble === "hang") for (;;);
  const held: number[][] = [];
  if (trouble === "memory") for (;;) held.push(Array.from({ length: 100_000 }, (_, i) => i + 0.5));
  return held.length > 0;
}
