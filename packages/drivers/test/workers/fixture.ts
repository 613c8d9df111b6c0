import { collection, count, generator, sum, topic, tumbling, workflow } from "@millrace/core";
import type { Generator } from "@millrace/core";

/** What an event makes user code do. */
export type Trouble = "none" | "throw" | "exit" | "uncaught" | "hang" | "memory" | "pause";

export interface Event {
  readonly id: number;
  readonly key: string;
  readonly at: number;
  readonly value: number;
  readonly trouble: Trouble;
}

export interface EventOptions {
  readonly chunks: number;
  readonly rows: number;
  /** Ids of events that make trouble. */
  readonly troubled?: readonly number[];
  readonly trouble?: Trouble;
  /** At most so many events a second. */
  readonly rate?: number;
}

export const events = topic<Event>("events");
export const totals = topic<unknown>("totals");

/** The events of a run; a function of its options, so that it can be made again anywhere. */
export function eventSource({ chunks, rows, troubled = [], trouble = "none", rate }: EventOptions): Generator<Event> {
  const troubles = new Set(troubled);
  return generator({
    ...(rate === undefined ? {} : { rate }),
    chunk: (index) =>
      index >= chunks
        ? undefined
        : Array.from({ length: rows }, (_, row) => {
            const id = index * rows + row;
            return { id, key: `key ${(id * 7919) % 23}`, at: id * 10 - ((id * 31) % 500), value: id % 101, trouble: troubles.has(id) ? trouble : "none" };
          }),
  });
}

export const perKey = workflow("per-key", (flow) => {
  flow
    .from(events, { time: (event) => event.at, outOfOrderness: 500 })
    .map(maybeTrouble)
    .keyBy((event) => event.key)
    .window(tumbling("10s"))
    .aggregate({ total: sum((event) => event.value), events: count() })
    .map(({ key, window, total, events: n }) => ({ key, start: window.start, total, n }))
    .to(totals);
});

export interface Request {
  readonly name: string;
  readonly amount: number;
}

export const requests = topic<Request>("requests");
export const balances = collection<Request>("balances", { key: (row) => row.name });

/** Adds up the amounts of each name; live. */
export const counting = workflow("counting", (flow) => {
  flow
    .from(requests)
    .filter(isWorkedOn)
    .keyBy((request) => request.name)
    .reduce((a, b) => ({ name: a.name, amount: a.amount + b.amount }))
    .to(balances);
});

export interface Bulk {
  readonly id: number;
  readonly text: string;
}

export const bulk = topic<Bulk>("bulk");
export const taken = topic<number>("taken");

/** Rows of 10 KB each, as fast as they are taken. */
export const bulkSource = (): Generator<Bulk> =>
  generator({
    chunk: (index) => (index >= 400 ? undefined : Array.from({ length: 100 }, (_, row) => ({ id: index * 100 + row, text: String(index % 10).repeat(10_000) }))),
  });

/** Reads much and does it slowly: with cut `every`, all of it crosses two links. */
export const slowly = workflow("slowly", (flow) => {
  flow
    .from(bulk)
    .map((row) => row)
    .mapAsync((row) => new Promise<number>((resolve) => setTimeout(() => resolve(row.id), 2)))
    .to(taken);
});

/** Takes a while for some. */
function isWorkedOn({ name }: Request): boolean {
  if (!name.startsWith("slow")) return true;
  let roots = 0;
  for (let i = 0; i < 20_000; i++) roots += Math.sqrt(i);
  return roots > 0;
}

const built = { times: 0 };

/** Another graph each time it is built: not allowed. */
export function unstable(): ReturnType<typeof workflow> {
  return workflow("per-key", (flow) => {
    let stream = flow.from(events).map((event) => event);
    if (built.times++ === 0) stream = stream.filter(() => true);
    stream.to(totals);
  });
}

function maybeTrouble(event: Event): Event {
  switch (event.trouble) {
    case "none":
      break;
    case "throw":
      throw new Error(`event ${event.id} is not to be had`);
    case "exit":
      process.exit(7);
      break;
    case "uncaught":
      setImmediate(() => {
        throw new Error(`event ${event.id} came back`);
      });
      waitFor(30);
      break;
    case "hang":
      for (;;) Math.sqrt(event.id);
    case "memory": {
      const held: number[][] = [];
      for (;;) held.push(Array.from({ length: 100_000 }, (_, i) => i + 0.5));
    }
    case "pause":
      waitFor(1500);
      break;
  }
  return event;
}

/** Holds the thread, as a machine that sleeps does. */
function waitFor(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
