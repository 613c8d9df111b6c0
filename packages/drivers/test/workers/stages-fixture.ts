import { collection, topic, workflow } from "@millrace/core";

export interface Task {
  readonly name: string;
  readonly done: number;
}

export const hard = topic<Task>("hard", { partitions: 4, key: (task) => task.name });
export const easy = topic<Task>("easy");
export const hardDone = collection<Task>("hard-done", { key: (row) => row.name });
export const easyDone = collection<Task>("easy-done", { key: (row) => row.name });

/** Each task takes its thread about a millisecond. */
export const grinding = workflow("grinding", (flow) => {
  flow
    .from(hard)
    .filter(takesTime)
    .keyBy((task) => task.name)
    .reduce(together)
    .to(hardDone);
});

export const quick = workflow("quick", (flow) => {
  flow
    .from(easy)
    .keyBy((task) => task.name)
    .reduce(together)
    .to(easyDone);
});

function together(a: Task, b: Task): Task {
  return { name: a.name, done: a.done + b.done };
}

function takesTime(): boolean {
  let roots = 0;
  for (let i = 0; i < 300_000; i++) roots += Math.sqrt(i);
  return roots > 0;
}
