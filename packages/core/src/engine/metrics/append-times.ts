import type { TopicAppend } from "../../contracts/ledger.ts";
import type { Topics } from "../../contracts/topics.ts";
import { measuringTime } from "./measuring-time.ts";

/** So many appends of a partition are known one by one; then two in a row become one, of the earlier time. */
const MOST = 8192;

interface Appends {
  /** Where the first that is known begins. */
  readonly start: number;
  /** The offsets after each, ascending. */
  ends: number[];
  times: number[];
}

/** When atoms were appended to topics, as far as it was in this run: what reads them measures its latency by that. */
export class AppendTimes {
  readonly #topics = new Map<string, Appends>();

  /** An append got its first offset, now. */
  note({ topic, partition, count }: TopicAppend, offset: number): void {
    const name = nameOf(topic, partition);
    let appends = this.#topics.get(name);
    if (appends === undefined) this.#topics.set(name, (appends = { start: offset, ends: [], times: [] }));
    appends.ends.push(offset + count);
    appends.times.push(measuringTime());
    if (appends.ends.length < MOST) return;
    appends.ends = appends.ends.filter((_, i) => i % 2 === 1);
    appends.times = appends.times.filter((_, i) => i % 2 === 0);
  }

  /** When an atom was appended, or a little before; undefined where that was before this run. */
  at(topic: string, partition: number, offset: number): number | undefined {
    const appends = this.#topics.get(nameOf(topic, partition));
    if (appends === undefined || offset < appends.start) return undefined;
    const { ends, times } = appends;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle] > offset) high = middle;
      else low = middle + 1;
    }
    return times[low];
  }

  /** Topics whose chunks say since when they are there. */
  over(topics: Pick<Topics, "range" | "read">): Pick<Topics, "range" | "read"> {
    return {
      range: (topic, partition) => topics.range(topic, partition),
      read: async (topic, partition, offset, maxBytes) => {
        const chunks = await topics.read(topic, partition, offset, maxBytes);
        return chunks.map((chunk) => {
          const since = this.at(topic, partition, chunk.offset);
          return since === undefined ? chunk : { ...chunk, since };
        });
      },
    };
  }
}

function nameOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
