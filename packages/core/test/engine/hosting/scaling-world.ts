import type { HostEnvironment } from "../../../src/engine/hosting/host.ts";
import { Instance } from "../../../src/engine/instance.ts";
import { Runtime, type RuntimeOptions } from "../../../src/engine/runtime.ts";
import type { Workflow } from "../../../src/graph/graph.ts";
import { collection, topic, type Collection, type Topic } from "../../../src/graph/refs.ts";
import { virtualClock } from "../../../src/memory/clock.ts";
import { createMemoryLedger } from "../../../src/memory/ledger.ts";
import { workflow } from "../../../src/streams/workflow.ts";

interface Visit {
  readonly key: string;
  readonly visits: number;
}

/** A workflow that counts visits by key, with its topic and collection. */
export interface Counter {
  readonly workflow: Workflow;
  readonly visits: Topic<Visit>;
  readonly counts: Collection<Visit>;
}

export function counter(name: string): Counter {
  const visits = topic<Visit>(`${name}.visits`);
  const counts = collection<Visit>(`${name}.counts`, { key: (row) => row.key });
  return {
    visits,
    counts,
    workflow: workflow(name, (flow) =>
      flow
        .from(visits)
        .keyBy((visit) => visit.key)
        .reduce((a, b) => ({ key: a.key, visits: a.visits + b.visits }), { id: "count" })
        .to(counts),
    ),
  };
}

/** An instance in this thread that says to be as busy as a test wants, and can be lost. */
export class Pretender extends Instance {
  readonly environment: HostEnvironment;
  readonly #busy: () => number;
  isOver = false;

  constructor(environment: HostEnvironment, busy: () => number) {
    super(environment.plans, environment.ports);
    this.environment = environment;
    this.#busy = busy;
  }

  utilization(): number {
    return this.#busy();
  }

  override stop(): Promise<void> {
    this.isOver = true;
    return super.stop();
  }

  /** Ends as a thread that crashes does; what it still commits the ledger refuses. */
  crash(): void {
    this.isOver = true;
    void this.terminate();
    this.environment.lost(new Error("it crashed"));
  }
}

/** A runtime in virtual time whose instances say to be as busy as a test wants. */
export class ScalingWorld {
  readonly clock = virtualClock();
  readonly started: Pretender[] = [];
  /** Share of the time in which each instance says to have something to do. */
  busy = 0;
  #runtime: Runtime | undefined;

  async start(counters: readonly Counter[], options: Omit<RuntimeOptions, "workflows" | "ledger" | "clock" | "host">): Promise<void> {
    const { clock } = this;
    const host = {
      isolated: true,
      start: (environment: HostEnvironment) => {
        const one = new Pretender(environment, () => this.busy);
        this.started.push(one);
        return Promise.resolve(one);
      },
    };
    this.#runtime = await Runtime.start({ workflows: counters.map((one) => one.workflow), ledger: createMemoryLedger({ clock }), clock, host, ...options });
    await this.settle();
  }

  get runtime(): Runtime {
    if (this.#runtime === undefined) throw new Error("start it first");
    return this.#runtime;
  }

  /** Instances that run, spare ones among them. */
  get alive(): readonly Pretender[] {
    return this.started.filter(({ isOver }) => !isOver);
  }

  /** One visit of each of so many keys. */
  async visit({ visits }: Counter, keys = 16): Promise<void> {
    await this.runtime.append(visits, Array.from({ length: keys }, (_, i) => ({ key: `key ${i}`, visits: 1 })));
    await this.settle();
  }

  /** Visits again and again for so long, ms. */
  async visitFor(counters: readonly Counter[], milliseconds: number): Promise<number> {
    let rounds = 0;
    for (let passed = 0; passed < milliseconds; passed += 100, rounds++) {
      for (const one of counters) await this.visit(one);
      await this.pass(100);
    }
    return rounds;
  }

  /** How often each key was counted; undefined where that differs. */
  counted({ counts }: Counter): number | undefined {
    const found = new Set(this.runtime.rows(counts.name).map(({ row }) => (row as Visit).visits));
    return found.size === 1 ? [...found][0] : undefined;
  }

  /** How many instances hold partitions of a stage, and how many it is to have. */
  async scaling(stage: string): Promise<readonly [now: number, wanted: number]> {
    const found = (await this.runtime.metrics()).stages.get(stage);
    if (found === undefined) throw new Error(`no stage ${stage}`);
    return [found.instances, found.scaling.wanted];
  }

  async pass(milliseconds: number): Promise<void> {
    for (const end = this.clock.now() + milliseconds; this.clock.now() < end; ) {
      this.clock.advanceTo(Math.min(end, this.clock.next()));
      await this.settle();
    }
  }

  /** In memory everything happens in microtasks and a few turns. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 8; turn++) await this.clock.turn();
  }
}
