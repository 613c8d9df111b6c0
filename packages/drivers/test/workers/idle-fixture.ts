import { collect, topic, tumbling, workflow } from "@millrace/core";

export interface Reading {
  readonly id: number;
  readonly room: string;
  readonly at: number;
}

export const readings = topic<Reading>("readings", { partitions: 2, key: (r) => r.room });
export const windows = topic<{ readonly ids: readonly number[] }>("windows");

/** Windows over a topic of two splits, of which one that is silent for 150 ms holds nothing back. */
export const impatient = workflow("impatient", (flow) => {
  const rows = flow.from(readings, { time: (r) => r.at, idleAfter: 150 });
  rows.keyBy((r) => r.id % 4).window(tumbling("1m")).aggregate({ ids: collect((r) => r.id) }).to(windows);
});
