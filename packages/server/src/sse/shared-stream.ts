import type { EventSender } from "./event-stream.ts";

/**
 * One stream of events for several collections, since a browser opens only six connections to a server.
 * The data of each event has the collection's name beside what it has alone; an event's id says of all
 * of them up to which version the client knows them: `ranking=12&alarms=4`.
 */
export class SharedStream {
  readonly #stream: EventSender;
  readonly #known: Map<string, string>;
  readonly #onRoom: (() => void)[] = [];

  /** `after`: the id of the last event that the client saw, of a stream before; else "". */
  constructor(stream: EventSender, after: string) {
    this.#stream = stream;
    this.#known = new Map([...new URLSearchParams(after)].filter(([, version]) => /^\d{1,15}$/.test(version)));
    stream.onRoom(() => {
      for (const callback of this.#onRoom) callback();
    });
  }

  /** The version of a collection that the client knows; undefined: none. */
  after(collection: string): number | undefined {
    const version = this.#known.get(collection);
    return version === undefined ? undefined : Number(version);
  }

  /** What sends the events of one collection. */
  part(collection: string): EventSender {
    const stream = this.#stream;
    const named = `{"collection":${JSON.stringify(collection)},`;
    return {
      get writable() {
        return stream.writable;
      },
      onRoom: (callback) => this.#onRoom.push(callback),
      send: (event, data, id) => {
        if (id === undefined) {
          stream.send(event, named + data.slice(1));
          return;
        }
        this.#known.set(collection, id);
        stream.send(event, named + data.slice(1), new URLSearchParams([...this.#known]).toString());
      },
      end: () => stream.end(),
    };
  }
}
