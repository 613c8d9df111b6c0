import { collection, count, fields, topic, tumbling, workflow } from "millrace";

const numbers = topic("numbers", { schema: fields({ sender: "string", n: "integer" }) });

/** How many numbers of each sender were seen. */
const seen = collection<{ readonly sender: string; readonly numbers: number }>("seen", { key: (row) => row.sender });

/** Edited only. */
export const limits = collection("limits", { key: (row) => row.sender, schema: fields({ sender: "string", most: "integer" }) });

export const counting = workflow("counting", (flow) =>
  flow
    .from(numbers, { time: () => 0 })
    .keyBy((one) => one.sender)
    .window(tumbling("1h"), { early: "200ms" })
    .aggregate({ numbers: count() })
    .map(({ key, numbers: counted }) => ({ sender: key, numbers: counted }))
    .to(seen),
);
