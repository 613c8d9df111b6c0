import type { Commit } from "../../contracts/ledger.ts";
import type { Measured } from "../../contracts/measured.ts";
import { PartitionStats } from "../stats.ts";
import { Histogram } from "./histogram.ts";
import { Rate } from "./rate.ts";

const MICROSECOND = 0.001;
const GIGABYTE = 2 ** 30;

/** Adds up what the commits of one partition, or of several, have made real, since the runtime was started. */
export class PartitionMeter {
  readonly stats = new PartitionStats();
  readonly rate = new Rate();
  readonly stepTime = new Histogram(MICROSECOND);
  readonly commitTime = new Histogram(MICROSECOND);
  readonly latency = new Histogram(MICROSECOND);
  readonly batchSize = new Histogram(1);
  commits = 0;
  busy = 0;
  gigabyteSeconds = 0;
  reads = 0;
  writes = 0;
  bytesWritten = 0;
  failures = 0;

  /** A commit was applied `now`, after so many ms; `memory` is what its instance may take, in bytes. */
  committed(commit: Commit, now: number, milliseconds: number, memory: number): void {
    this.commits++;
    this.commitTime.add(milliseconds);
    for (const { bytes } of commit.state) this.bytesWritten += bytes.length;
    for (const { bytes } of commit.sends) this.bytesWritten += bytes.length;
    for (const { bytes } of commit.appends) this.bytesWritten += bytes.length;
    this.writes += commit.state.length + commit.sends.length + commit.appends.length;
    if (commit.measured !== undefined) this.#measured(commit.measured, now, memory);
  }

  /** Adds what another one has counted, its rate excepted. */
  merge(other: PartitionMeter): void {
    this.stats.merge(other.stats);
    this.stepTime.merge(other.stepTime);
    this.commitTime.merge(other.commitTime);
    this.latency.merge(other.latency);
    this.batchSize.merge(other.batchSize);
    this.commits += other.commits;
    this.busy += other.busy;
    this.gigabyteSeconds += other.gigabyteSeconds;
    this.reads += other.reads;
    this.writes += other.writes;
    this.bytesWritten += other.bytesWritten;
    this.failures += other.failures;
  }

  #measured(measured: Measured, now: number, memory: number): void {
    this.stats.step(measured);
    this.rate.add(measured.atomsIn, now);
    this.reads += measured.reads;
    this.busy += measured.busy;
    this.gigabyteSeconds += (measured.busy / 1000) * (memory / GIGABYTE);
    this.stepTime.add(measured.busy);
    if (measured.atomsIn > 0) this.batchSize.add(measured.atomsIn);
    const { since } = measured;
    for (let i = 0; i < since.length; i += 2) this.latency.add(now - since[i + 1], since[i]);
  }
}
