import { list, map, output, type Stream, type Table } from "millrace";

/** The rows of a group, with the event time from which each holds. */
export interface Group<T> {
  readonly group: string;
  readonly rows: readonly { readonly row: T; readonly since: number }[];
}

interface Change<T> {
  readonly key: string;
  readonly since: number;
  /** Undefined: the row is gone. */
  readonly row: T | undefined;
}

/**
 * The changes of a collection as a table with one row for each group, which holds all of the group's rows.
 * A change counts from its event time on: one that is said to hold later waits until then.
 */
export function grouped<T>(changes: Stream<T, "upsert">, groupOf: (row: T) => string, keyOf: (row: T) => string): Table<Group<T>, string> {
  return changes
    .keyBy(groupOf)
    .process({
      state: { rows: map<string, { readonly row: T; readonly since: number }>(), waiting: list<Change<T>>() },
      out: output<Group<T>>(),
      onElement(row, context) {
        const { change, state, time } = context;
        if (change === "before") return;
        state.waiting.add({ key: keyOf(row), since: time, row: change === "delete" ? undefined : row });
        context.timers.register(time);
      },
      onTimer(time, context) {
        const { rows, waiting } = context.state;
        const changed = waiting.get();
        for (const { key, since, row } of changed) {
          if (since > time) continue;
          if (row === undefined) rows.delete(key);
          else rows.set(key, { row, since });
        }
        waiting.set(changed.filter(({ since }) => since > time));
        context.emit({ group: context.key, rows: [...rows.entries()].map(([, row]) => row) });
      },
    })
    .keyBy(({ group }) => group)
    .asTable();
}
