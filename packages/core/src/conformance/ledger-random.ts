import type { Commit, StateAddress } from "../contracts/ledger.ts";
import { ConformanceError, expect, expectEqual, expectRejects } from "./expect.ts";
import type { LedgerSubject, LedgerTest, LedgerUnderTest } from "./ledger-subject.ts";
import { LedgerModel } from "./ledger-model.ts";
import { at, bytesOf, makeCommit, pattern } from "./ledger-writer.ts";

const STEPS = 250;
const PARTITIONS = ["p0", "p1", "p2"];
const RETAINED = 30_000;

/** Random operations on a driver and on a model; a seed replays exactly. */
export function randomTests(test: LedgerTest, firstSeed: number, sequences: number): void {
  for (let seed = firstSeed; seed < firstSeed + sequences; seed++) {
    test(`random operations give what a model gives (seed ${seed})`, async (subject) => {
      const run = new RandomRun(subject, seed);
      try {
        await run.run();
      } catch (error) {
        const cause = error instanceof Error ? error : new Error(String(error));
        throw new ConformanceError(`seed ${seed}, step ${run.step}: ${cause.message}`, { cause });
      }
    });
  }
}

class RandomRun {
  step = 0;
  #ledger: LedgerUnderTest;
  readonly #subject: LedgerSubject;
  readonly #model = new LedgerModel();
  readonly #overdue = new Map<string, readonly StateAddress[]>();
  #random: number;

  constructor(subject: LedgerSubject, seed: number) {
    this.#subject = subject;
    this.#ledger = subject.ledger;
    this.#random = (seed * 0x9e3779b1) >>> 0;
  }

  async run(): Promise<void> {
    await this.#ledger.retain("t0", { bytes: RETAINED });
    for (this.step = 0; this.step < STEPS; this.step++) await this.#operate();
    await this.#model.expectIn(this.#ledger, RETAINED);
  }

  async #operate(): Promise<void> {
    const dice = this.#below(100);
    const partition = PARTITIONS[this.#below(PARTITIONS.length)];
    if (dice < 60) await this.#commit(partition);
    else if (dice < 68) await this.#refused(partition);
    else if (dice < 72) await this.#broken(partition);
    else if (dice < 80) expectEqual(await this.#ledger.fence(partition), this.#model.fence(partition), "fence");
    else if (dice < 82) {
      await this.#ledger.retire(partition);
      this.#model.retire(partition);
    } else if (dice < 86) {
      const bytes = this.#bytes();
      await this.#ledger.writeRecord(`r${dice}`, bytes);
      this.#model.records.set(`r${dice}`, bytes);
    } else if (dice < 92) await this.#restart();
    else await this.#model.expectIn(this.#ledger, RETAINED);
  }

  async #commit(partition: string): Promise<void> {
    const root = this.#model.root(partition);
    if (root === undefined) {
      this.#model.fence(partition);
      await this.#ledger.fence(partition);
      return;
    }
    const commit = this.#randomCommit(partition, root.epoch, root.version + 1);
    const result = await this.#ledger.commit(commit);
    expect(result.outcome === "applied", `a good commit was refused: ${JSON.stringify(result)}`);
    expectEqual(result.offsets, this.#model.apply(commit), "offsets");
    this.#overdue.set(partition, result.rewrite);
  }

  async #refused(partition: string): Promise<void> {
    const root = this.#model.root(partition) ?? { epoch: 0, version: 0 };
    const ahead = this.#below(2);
    const commit = this.#randomCommit(partition, root.epoch - ahead, root.version + 1 + (ahead === 0 ? 1 : 0));
    expectEqual((await this.#ledger.commit(commit)).outcome, "refused", "outcome of a stale commit");
  }

  async #broken(partition: string): Promise<void> {
    const root = this.#model.root(partition);
    if (root === undefined) return;
    const commit = this.#randomCommit(partition, root.epoch, root.version + 1);
    const sequence = this.#model.lastSent("broken") + 2;
    const sends = [...commit.sends, { link: "broken", sequence, bytes: bytesOf(1) }];
    await expectRejects(this.#ledger.commit({ ...commit, sends }), "MILLRACE_INVARIANT", "a commit with a gap");
  }

  async #restart(): Promise<void> {
    const { kill, reopen } = this.#subject;
    const again = this.#below(2) === 0 && kill !== undefined ? kill : reopen;
    if (again === undefined || this.#ledger.capabilities.durability === "none") return;
    this.#ledger = await again();
  }

  #randomCommit(partition: string, epoch: number, version: number): Commit {
    const state = this.#times(4, () => ({ ...at(`s${this.#below(2)}`, this.#below(4)), full: this.#below(6) === 0, bytes: this.#bytes() }));
    for (const address of this.#overdue.get(partition) ?? []) state.push({ ...address, full: true, bytes: this.#bytes() });
    const last = new Map<string, number>();
    const sends = this.#times(3, () => {
      const link = `l${this.#below(4)}`;
      const sequence = (last.get(link) ?? this.#model.lastSent(link)) + 1;
      last.set(link, sequence);
      return { link, sequence, bytes: this.#bytes() };
    });
    const applied = this.#times(2, () => {
      const link = `l${this.#below(4)}`;
      return { link, sequence: this.#below(this.#model.lastSent(link) + 1) };
    }).filter(({ sequence }) => sequence > 0);
    const appends = this.#times(3, () => ({
      topic: `t${this.#below(2)}`,
      partition: this.#below(2),
      count: 1 + this.#below(5),
      bytes: pattern(1 + this.#below(2000), this.#next()),
    }));
    return makeCommit(partition, epoch, version, { progress: this.#bytes(), wakeAt: this.#below(1e6), state, sends, applied, appends });
  }

  #times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.#below(most + 1) }, make);
  }

  #bytes(): Uint8Array {
    const length = this.#below(30) === 0 ? 40_000 + this.#below(80_000) : this.#below(400);
    return pattern(length, this.#next());
  }

  #below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit);
  }

  /** mulberry32 (T. Ettinger, public domain). */
  #next(): number {
    this.#random = (this.#random + 0x6d2b79f5) >>> 0;
    let t = this.#random;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
}
