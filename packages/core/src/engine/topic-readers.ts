import type { Commit, TopicAppend } from "../contracts/ledger.ts";
import type { Topics } from "../contracts/topics.ts";
import { MillraceError } from "../errors.ts";
import type { Topic } from "../graph/refs.ts";
import { sourcePrefix } from "./lanes.ts";
import type { Plan } from "./plan.ts";
import type { LaneProgress } from "./source-input.ts";

/** One partition of a topic in the store, and how far each of its readers has come. */
interface Followed {
  readonly topic: Topic<unknown>;
  readonly partition: number;
  end: number;
  /** By split, which is a reader's name for the partition. */
  readonly next: Map<string, number>;
}

interface Waiting {
  readonly topics: readonly string[];
  readonly count: number;
  readonly resolve: (done: () => void) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * How far the workflows that read topics in the store are behind what was appended. Who appends from
 * outside waits while the slowest is too far behind, and retention spares what was not read.
 */
export class TopicReaders {
  readonly #topics: Pick<Topics, "hold" | "range">;
  readonly #most: number;
  readonly #followed = new Map<string, Followed>();
  readonly #bySplit = new Map<string, Followed>();
  /** Atoms that were let in and are not appended yet. */
  readonly #admitted = new Map<string, number>();
  #waiting: Waiting[] = [];
  #failure: { readonly error: unknown } | undefined;

  /** `most`: how many atoms of a topic may wait for its slowest reader before appends wait. */
  constructor(plans: readonly Plan[], topics: Pick<Topics, "hold" | "range">, isStored: (topic: string) => boolean, most: number) {
    this.#topics = topics;
    this.#most = most;
    for (const { workflow } of plans) {
      for (const { id, spec } of workflow.nodes) {
        if (spec.kind !== "source" || !isStored(spec.topic.name)) continue;
        const prefix = sourcePrefix(workflow, { id, topic: spec.topic.name });
        for (let partition = 0; partition < spec.topic.partitions; partition++) this.#follow(spec.topic, partition, `${prefix}${partition}`);
      }
    }
  }

  /** Takes up where readers were committed; from now on what they have not read is kept. */
  async load(lanes: readonly LaneProgress[]): Promise<void> {
    for (const { split, next } of lanes) {
      const known = this.#bySplit.get(split)?.next;
      if (known !== undefined) known.set(split, Math.max(next, known.get(split) ?? 0));
    }
    for (const followed of this.#followed.values()) {
      followed.end = (await this.#topics.range(followed.topic.name, followed.partition)).end;
      this.#hold(followed);
    }
  }

  /** How many atoms of a topic its slowest reader has yet to take in. */
  backlog(topic: string): number {
    let backlog = 0;
    for (const followed of this.#followed.values()) if (followed.topic.name === topic) backlog += followed.end - slowest(followed);
    return backlog;
  }

  /** Whether an append to a topic would have to wait. */
  isBehind(topic: string): boolean {
    return this.backlog(topic) + (this.#admitted.get(topic) ?? 0) >= this.#most;
  }

  /** Resolves when `count` atoms may be appended to topics, first come first served; call the result when they are, or could not be. */
  admit(topics: readonly string[], count: number): Promise<() => void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topics, count, resolve, reject });
      this.#letIn();
    });
  }

  /** Nothing will be read any more: whoever waits is told why. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#letIn();
  }

  /** A commit was applied; `offsets` are those of its appends, where the ledger said them. */
  committed({ appends, measured }: Commit, offsets: readonly number[]): void {
    for (const [i, append] of appends.entries()) this.#appended(append, offsets.at(i));
    let read = false;
    for (const { split, next } of measured?.positions ?? []) {
      const followed = this.#bySplit.get(split);
      if (followed === undefined) continue;
      followed.next.set(split, next);
      this.#hold(followed);
      read = true;
    }
    if (read && this.#waiting.length > 0) this.#letIn();
  }

  #appended({ topic, partition, count }: TopicAppend, offset: number | undefined): void {
    const followed = this.#followed.get(`${topic}/${partition}`);
    if (followed !== undefined) followed.end = offset === undefined ? followed.end + count : Math.max(followed.end, offset + count);
  }

  #letIn(): void {
    const blocked = new Set<string>();
    this.#waiting = this.#waiting.filter((one) => {
      const { topics, count, resolve, reject } = one;
      if (topics.some((topic) => blocked.has(topic) || this.isBehind(topic))) {
        if (this.#failure !== undefined) {
          reject(this.#failure.error);
          return false;
        }
        for (const topic of topics) blocked.add(topic);
        return true;
      }
      for (const topic of topics) this.#admitted.set(topic, (this.#admitted.get(topic) ?? 0) + count);
      resolve(() => {
        for (const topic of topics) this.#admitted.set(topic, (this.#admitted.get(topic) ?? 0) - count);
        if (this.#waiting.length > 0) this.#letIn();
      });
      return false;
    });
  }

  #hold(followed: Followed): void {
    const { topic, partition } = followed;
    const { bytes, milliseconds } = topic.retention;
    if (topic.dropsUnread || (bytes === undefined && milliseconds === undefined)) return;
    this.#topics.hold(topic.name, partition, slowest(followed));
  }

  #follow(topic: Topic<unknown>, partition: number, split: string): void {
    const name = `${topic.name}/${partition}`;
    let followed = this.#followed.get(name);
    if (followed === undefined) this.#followed.set(name, (followed = { topic, partition, end: 0, next: new Map() }));
    followed.next.set(split, 0);
    this.#bySplit.set(split, followed);
  }
}

function slowest({ next }: Followed): number {
  return Math.min(...next.values());
}

/** Throws MILLRACE_USAGE for a limit that is no positive number. */
export function mostWaiting(most = 1_000_000): number {
  if (!(most >= 1)) throw new MillraceError("MILLRACE_USAGE", "maxWaiting", `${most} atoms; give a number of at least 1, or Infinity`);
  return most;
}
