import { MillraceError } from "../errors.ts";
import type { Workflow } from "../graph/graph.ts";
import { LATE, LATE_RIGHT, RESULTS, type Node, type WindowNode } from "../graph/nodes.ts";
import { slicingOf } from "../operators/window/slicing.ts";
import { latePort, resultsPort } from "../operators/window/window-operator.ts";
import type { Cut, Distribution, Exchange, ExchangeKind, Plan, PlannedInput, PlannedOperator, PlanOptions, Role, Stage } from "./plan.ts";

/**
 * Makes stages of a workflow. Where a plan cuts changes no answer and no state; it decides what runs
 * in one step and what crosses a link. Before a shuffle, windows, rankings and reductions are combined,
 * as far as that pays: see `Combining`.
 */
export function planWorkflow(workflow: Workflow, options: PlanOptions): Plan {
  const { cut, partitions, lanes = partitions } = options;
  for (const number of [partitions, lanes]) {
    if (Number.isInteger(number) && number >= 1 && (number & (number - 1)) === 0) continue;
    throw new MillraceError("MILLRACE_USAGE", `workflow ${workflow.name}`, `${number} partitions: the number must be a power of two`);
  }
  const planner = new Planner(workflow, { cut, partitions, lanes, generation: options.generation ?? 1 });
  for (const node of workflow.nodes) planner.place(node);
  return planner.finish();
}

/** The stage of all operators where nothing is cut: not named by its first one, which may become another. */
const WHOLE = "whole";

/** An output port of a planned operator. */
interface Output {
  readonly operator: number;
  readonly port: number;
}

interface Draft {
  readonly distribution: Distribution;
  readonly operators: number[];
}

class Planner {
  readonly #workflow: Workflow;
  readonly #options: Required<PlanOptions>;
  readonly #cut: Cut;
  readonly #stages: Draft[] = [];
  readonly #operators: PlannedOperator[] = [];
  readonly #exchanges: Exchange[] = [];
  /** The planned operator that gives a node's output port, and the port at which it does. */
  readonly #givers = new Map<string, Output>();

  constructor(workflow: Workflow, options: Required<PlanOptions>) {
    this.#workflow = workflow;
    this.#options = options;
    this.#cut = options.cut;
  }

  place(node: Node): void {
    const needed = this.#distribution(node);
    const inputs = node.inputs.map(({ node: from, port }) => this.#giver(from, port));
    if (this.#joinsOther(node)) return;
    if (node.spec.kind === "source") {
      this.#add(node, "whole", this.#stage("source"), []);
      return;
    }
    const shuffles = needed !== undefined && this.#cut !== "none";
    if (shuffles) {
      this.#placeShuffled(node, needed, inputs);
      return;
    }
    const from = this.#operators[inputs[0].operator];
    // What leaves Millrace leaves from the outbox, after its commit: a sink is a stage of its own under every cut.
    const leaves = node.spec.kind === "sink" && node.spec.target.kind === "sink";
    const alone = this.#cut === "every" || leaves || inputs.some(({ operator }) => this.#operators[operator].stage !== from.stage);
    if (!alone) {
      this.#add(node, "whole", from.stage, inputs.map(({ operator, port }) => ({ kind: "local", operator, port })));
      return;
    }
    const distribution = inputs.length > 1 && new Set(inputs.map(({ operator }) => this.#draftOf(operator).distribution)).size > 1 ? "single" : this.#draftOf(from.index).distribution;
    const stage = this.#stage(distribution, leaves);
    const kind = distribution === "single" ? "single" : "forward";
    const index = this.#operators.length;
    this.#add(node, "whole", stage, inputs.map((input, at) => this.#exchange(node, "whole", kind, input, index, at, stage)));
  }

  finish(): Plan {
    const stages = this.#stages.map(
      ({ distribution, operators }, index): Stage => ({
        index,
        id: this.#cut === "none" && index === 0 ? WHOLE : this.#operators[operators[0]].node.id,
        distribution,
        partitions: this.#partitionsOf(distribution),
        operators,
        ordered: operators.some((operator) => isOrderWanted(this.#workflow, this.#operators[operator].node)),
      }),
    );
    return { workflow: this.#workflow, ...this.#options, stages, operators: this.#operators, exchanges: this.#exchanges };
  }

  #partitionsOf(distribution: Distribution): number {
    if (distribution === "single" || this.#cut === "none") return 1;
    return distribution === "source" ? this.#options.lanes : this.#options.partitions;
  }

  /** What a node needs of the distribution of its input; undefined: it takes it as it is. */
  #distribution(node: Node): Distribution | undefined {
    const { kind } = node.spec;
    // A keyBy gives keys; every other keyed operator keeps something under them.
    if (node.keyed && kind !== "key-by") return "keyed";
    return kind === "window" || kind === "top" ? "single" : undefined;
  }

  /** Lets a window be computed by an earlier one over the same rows with the same aggregates, from the same slices. */
  #joinsOther(node: Node): boolean {
    const leader = this.#workflow.nodes.slice(0, node.index).find((other) => this.#leads(other, node));
    if (leader === undefined) return false;
    const operators = this.#operators.filter((operator) => operator.node === leader);
    const n = operators[0].sharing.length + 1;
    for (const operator of operators) this.#operators[operator.index] = { ...operator, sharing: [...operator.sharing, node] };
    const results = this.#giver(leader.index, RESULTS).operator;
    const late = this.#giver(leader.index, LATE).operator;
    this.#givers.set(`${node.index}:${RESULTS}`, { operator: results, port: resultsPort(n) });
    this.#givers.set(`${node.index}:${LATE}`, { operator: late, port: latePort(n) });
    return true;
  }

  #leads(leader: Node, node: Node): boolean {
    const planned = this.#operators.find((operator) => operator.node === leader);
    if (planned === undefined || leader.spec.kind !== "window" || node.spec.kind !== "window") return false;
    if (addsUpdates(this.#workflow, node)) return false;
    const { spec } = leader;
    const other = node.spec;
    const [from, to] = [leader.inputs[0], node.inputs[0]];
    const same = from.node === to.node && from.port === to.port && spec.lateness === other.lateness && leader.keyed === node.keyed;
    const aggregates =
      spec.aggregates.length === other.aggregates.length &&
      spec.aggregates.every(({ name, aggregate }, i) => name === other.aggregates[i].name && aggregate === other.aggregates[i].aggregate);
    if (!same || !aggregates) return false;
    const windows = [spec, ...planned.sharing.map((one) => one.spec as WindowNode), other];
    return slicingOf(windows.map(({ window }) => window)) !== undefined;
  }

  #placeShuffled(node: Node, distribution: Distribution, inputs: readonly Output[]): void {
    const kind: ExchangeKind = distribution === "keyed" ? "hash" : "single";
    if (!isCombinable(node) || addsUpdates(this.#workflow, node)) {
      const there = this.#keptStage(node, inputs);
      const stage = there ?? this.#stage(distribution);
      const index = this.#operators.length;
      this.#add(node, "whole", stage, inputs.map((input, at): PlannedInput => (at === 0 && there !== undefined ? { kind: "local", ...input } : this.#exchange(node, "whole", kind, input, index, at, stage))));
      return;
    }
    const [input] = inputs;
    const combine = this.#add(node, "combine", this.#operators[input.operator].stage, [{ kind: "local", ...input }]);
    const stage = this.#stage(distribution);
    const index = this.#operators.length;
    this.#add(node, "merge", stage, [this.#exchange(node, "merge", kind, { operator: combine, port: 0 }, index, 0, stage)]);
    // Late atoms are judged where they are combined.
    this.#givers.set(`${node.index}:${LATE}`, { operator: combine, port: LATE });
  }

  /** The stage in which the rows of a node's first input have their keys already, if its others do not come out of that stage too. */
  #keptStage(node: Node, [first, ...others]: readonly Output[]): number | undefined {
    const from = this.#operators[first.operator];
    if (this.#cut === "every" || !node.keyed || first.port !== RESULTS || !keepsKeys(from.node)) return undefined;
    return others.some(({ operator }) => this.#comesFrom(operator, from.stage)) ? undefined : from.stage;
  }

  #comesFrom(operator: number, stage: number): boolean {
    const { inputs, stage: own } = this.#operators[operator];
    return own === stage || inputs.some((input) => this.#comesFrom(input.kind === "local" ? input.operator : this.#exchanges[input.exchange].from.operator, stage));
  }

  #exchange(
    node: Node,
    role: Role,
    kind: ExchangeKind,
    from: Output,
    to: number,
    input: number,
    stage: number,
  ): PlannedInput {
    const exchange: Exchange = {
      index: this.#exchanges.length,
      id: `${node.id}.${role}.${input}`,
      kind,
      from: { ...from, stage: this.#operators[from.operator].stage },
      to: { operator: to, input, stage },
      keyBy: this.#keyByOf(from.operator),
    };
    this.#exchanges.push(exchange);
    return { kind: "exchange", exchange: exchange.index };
  }

  /** The keyBy whose keys the rows of a planned operator carry. */
  #keyByOf(operator: number): number | undefined {
    const { node, role } = this.#operators[operator];
    return keyByOf(this.#workflow, node, role === "combine");
  }

  #add(node: Node, role: Role, stage: number, inputs: readonly PlannedInput[]): number {
    const index = this.#operators.length;
    this.#operators.push({ index, node, role, stage, inputs, sharing: [] });
    this.#stages[stage].operators.push(index);
    if (role !== "combine") {
      for (let port = 0; port <= outputPorts(node); port++) this.#givers.set(`${node.index}:${port}`, { operator: index, port });
    }
    return index;
  }

  #stage(distribution: Distribution, own = false): number {
    if (!own && this.#cut === "none" && this.#stages.length > 0) return 0;
    return this.#stages.push({ distribution, operators: [] }) - 1;
  }

  #giver(node: number, port: number): Output {
    const giver = this.#givers.get(`${node}:${port}`);
    if (giver === undefined) {
      throw new MillraceError("MILLRACE_INVARIANT", `workflow ${this.#workflow.name}`, `node ${node} has no output port ${port}`);
    }
    return giver;
  }

  #draftOf(operator: number): Draft {
    return this.#stages[this.#operators[operator].stage];
  }
}

/**
 * The keyBy whose keys a node's rows carry: of its output, or with `input` of what it takes. KeyBys
 * whose streams meet in one operator share their keys, so that equal keys have equal slots there:
 * the first of them stands for all.
 */
export function keyByOf(workflow: Workflow, node: Node, input: boolean): number | undefined {
  if (node.spec.kind === "key-by" && !input) return firstOfShared(workflow, node.index);
  if (keepsKeys(node) && !input) return keyByOf(workflow, node, true);
  if (input && node.keyed && node.spec.kind !== "key-by") {
    const from = workflow.nodes[node.inputs[0].node];
    return keyByOf(workflow, from, false);
  }
  return undefined;
}

/** Whether all that have a keyBy's keys only ask whether a key is new: nothing is kept under slots then. */
export function needsNoSlots(workflow: Workflow, keyBy: number): boolean {
  const users = workflow.nodes.filter((node) => keyByOf(workflow, node, true) === keyBy);
  return users.every(({ spec }) => spec.kind === "distinct" && spec.within === Infinity);
}

/** Whether what an operator gives has the keys of what it takes. */
function keepsKeys({ spec }: Node): boolean {
  return spec.kind === "enrich" || spec.kind === "lookup";
}

function firstOfShared(workflow: Workflow, keyBy: number): number {
  const first = workflow.nodes.map((_, index) => index);
  for (const node of workflow.nodes) if (keepsKeys(node)) first[node.index] = first[node.inputs[0].node];
  for (const { keyed, inputs } of workflow.nodes) {
    if (!keyed || inputs.length < 2) continue;
    const met = new Set(inputs.map((input) => first[input.node]));
    const lowest = Math.min(...met);
    first.forEach((of, index) => {
      if (met.has(of)) first[index] = lowest;
    });
  }
  return first[keyBy];
}

/** Whether only partial results of a node's input need to cross an exchange. */
function isCombinable(node: Node): boolean {
  return node.spec.kind === "window" || node.spec.kind === "top" || node.spec.kind === "reduce";
}

/** Whether a window is computed over rows that are updated: of those all must come to one place. */
export function addsUpdates(workflow: Workflow, { spec, inputs }: Node): boolean {
  return spec.kind === "window" && workflow.nodes[inputs[0].node].mode !== "append";
}

/** Whether a source's atoms come, with nothing but stateless operators between, to one that sees their order. */
function isOrderWanted(workflow: Workflow, node: Node): boolean {
  if (node.spec.kind !== "source") return false;
  const reached = new Set([node.index]);
  for (const { index, inputs, spec } of workflow.nodes) {
    if (!inputs.some((input) => reached.has(input.node))) continue;
    if (SEES_ORDER.has(spec.kind)) return true;
    if (!FORGETS_ORDER.has(spec.kind)) reached.add(index);
  }
  return false;
}

/** What these do with an atom depends on which atoms of its key came before it. */
const SEES_ORDER: ReadonlySet<string> = new Set(["process", "distinct", "reduce", "enrich", "lookup", "changes"]);
/** What these give does not depend on the order in which atoms came. */
const FORGETS_ORDER: ReadonlySet<string> = new Set(["window", "top", "join"]);

function outputPorts(node: Node): number {
  if (node.spec.kind === "branch") return node.spec.branches.length;
  if (node.spec.kind === "process") return node.spec.sides.length;
  if (node.spec.kind === "join") return LATE_RIGHT;
  return node.spec.kind === "window" || node.spec.kind === "enrich" || node.spec.kind === "lookup" ? LATE : 0;
}
