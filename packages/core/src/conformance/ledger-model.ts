import type { Commit, LinkBatch, Root } from "../contracts/ledger.ts";
import type { TopicChunk } from "../contracts/topics.ts";
import { expect, expectEqual } from "./expect.ts";
import { at, pendingOf } from "./ledger-writer.ts";
import type { LedgerUnderTest } from "./ledger-subject.ts";

/** What a ledger should hold, as plainly as possible: all that was ever appended, in maps. */
export class LedgerModel {
  readonly records = new Map<string, Uint8Array>();
  readonly #roots = new Map<string, Root>();
  readonly #epochs = new Map<string, number>();
  readonly #state = new Map<string, Uint8Array[]>();
  readonly #sent = new Map<string, LinkBatch[]>();
  readonly #applied = new Map<string, number>();
  readonly #topics = new Map<string, TopicChunk[]>();
  readonly #starts = new Map<string, number>();

  fence(partition: string): Root {
    const epoch = (this.#epochs.get(partition) ?? 0) + 1;
    this.#epochs.set(partition, epoch);
    const old = this.#roots.get(partition) ?? { version: 0, progress: new Uint8Array(0), wakeAt: Infinity };
    const root = { ...old, epoch };
    this.#roots.set(partition, root);
    return root;
  }

  retire(partition: string): void {
    this.#roots.delete(partition);
  }

  root(partition: string): Root | undefined {
    return this.#roots.get(partition);
  }

  lastSent(link: string): number {
    return this.#sent.get(link)?.length ?? 0;
  }

  /** Takes in a good commit; gives the offsets of its appends. */
  apply({ partition, epoch, version, progress, wakeAt, state, sends, applied, appends }: Commit): number[] {
    this.#roots.set(partition, { epoch, version, progress, wakeAt });
    for (const { table, group, full, bytes } of state) {
      const key = `${table}/${group}`;
      this.#state.set(key, full ? [bytes] : [...(this.#state.get(key) ?? []), bytes]);
    }
    for (const batch of sends) this.#sent.set(batch.link, [...(this.#sent.get(batch.link) ?? []), batch]);
    for (const { link, sequence } of applied) this.#applied.set(link, Math.max(sequence, this.#applied.get(link) ?? 0));
    return appends.map(({ topic, partition: part, count, bytes }) => {
      const key = `${topic}/${part}`;
      const chunks = this.#topics.get(key) ?? [];
      const offset = endOf(chunks);
      this.#topics.set(key, [...chunks, { offset, count, bytes }]);
      return offset;
    });
  }

  /** Expects all of this in a ledger whose topic `t0` retains `retained` bytes. */
  async expectIn(ledger: LedgerUnderTest, retained: number): Promise<void> {
    expectEqual(await ledger.partitions(), this.#roots, "partitions");
    for (const [name, bytes] of this.records) expectEqual(await ledger.readRecord(name), bytes, `record ${name}`);
    for (const [key, blocks] of this.#state) {
      const [table, group] = key.split("/");
      expectEqual(await ledger.state(at(table, Number(group))), blocks, `state ${key}`);
    }
    for (const [link, batches] of this.#sent) {
      const applied = this.#applied.get(link) ?? 0;
      expectEqual(await pendingOf(ledger, link, 0), batches.slice(applied), `pending of ${link}`);
      expectEqual(await pendingOf(ledger, link, applied + 2), batches.slice(applied + 2), `pending of ${link} above ${applied + 2}`);
    }
    for (const [key, chunks] of this.#topics) await this.#expectTopic(ledger, key, chunks, retained);
  }

  async #expectTopic(ledger: LedgerUnderTest, key: string, chunks: readonly TopicChunk[], retained: number): Promise<void> {
    const [topic, part] = key.split("/");
    const partition = Number(part);
    const { start, end } = await ledger.range(topic, partition);
    expectEqual(end, endOf(chunks), `end of ${key}`);
    const kept = chunks.filter(({ offset }) => offset >= start);
    if (topic === "t0") {
      expect(start >= (this.#starts.get(key) ?? 0), `the start of ${key} went back to ${start}`);
      const bytes = kept.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
      expect(start === 0 || bytes >= retained, `${key} keeps only ${bytes} bytes`);
      this.#starts.set(key, start);
    } else expectEqual(start, 0, `start of ${key}`);
    expectEqual(await ledger.read(topic, partition, start, Infinity), kept, `atoms of ${key}`);
    const middle = kept[kept.length >> 1];
    if (middle === undefined) return;
    expectEqual(await ledger.read(topic, partition, middle.offset + middle.count - 1, 0), [middle], `an atom of ${key}`);
  }
}

function endOf(chunks: readonly TopicChunk[]): number {
  const last = chunks.at(-1);
  return last === undefined ? 0 : last.offset + last.count;
}
