import { AFTER, DELETE, INSERT, PROVISIONAL, type Batch, type ChangeMode, type Key } from "../../contracts/batch.ts";
import { MillraceError } from "../../errors.ts";
import { RESULTS, type TopNode } from "../../graph/nodes.ts";
import type { Window } from "../../graph/window.ts";
import { BatchBuilder } from "../batches.ts";
import { forEachRow } from "../extract.ts";
import { compareKeys, rowIdentity } from "../keys.ts";
import type { Operator, OperatorContext } from "../operator.ts";
import type { StateTable } from "../state/table.ts";
import { LatestRows } from "../window/latest-rows.ts";
import { lastMoment } from "../window/open-windows.ts";
import { CANDIDATES, type Candidate } from "./candidates.ts";

/** `combine` gives the candidates of its partition at each commit, `merge` and `whole` the ranking. */
export type TopRole = "whole" | "combine" | "merge";

type Identified = readonly [identity: string, candidate: Candidate];
type Ranked = Record<string, unknown> & { readonly window: Window };

/**
 * The best rows of each window. Over append input only the best are kept; over updates every row of
 * an open window is, as one that falls makes room for one that was not among the best.
 */
export class TopOperator implements Operator {
  readonly tables: readonly StateTable[];
  readonly #context: OperatorContext;
  readonly #node: TopNode;
  readonly #role: TopRole;
  readonly #updates: boolean;
  readonly #store = new LatestRows(CANDIDATES);
  /** What was shown of windows that are still open, by end. */
  readonly #shown = new Map<number, readonly Identified[]>();
  readonly #changed = new Set<number>();
  #watermark = -Infinity;

  constructor(node: TopNode, role: TopRole, mode: ChangeMode, context: OperatorContext) {
    this.#node = node;
    this.#role = role;
    this.#updates = mode !== "append";
    this.#context = context;
    this.tables = role === "combine" ? [] : [this.#store];
  }

  process(_input: number, batch: Batch): void {
    if (this.#role === "combine" && this.#updates) {
      this.#context.emit(RESULTS, batch);
      return;
    }
    const by = this.#node.by as (row: unknown) => number;
    forEachRow(batch, this.#context, (at) => {
      const row = batch.rows.get(at) as Ranked;
      const { end } = row.window;
      if (end + this.#node.lateness <= this.#watermark) return;
      const identity = rowIdentity(row);
      const kind = (batch.kinds?.[at] ?? INSERT) & ~PROVISIONAL;
      const score: unknown = kind === DELETE ? undefined : by(row);
      if (typeof score !== "number" || Number.isNaN(score)) {
        this.#store.delete(end, identity);
        if (kind !== DELETE) this.#unranked(batch, at, score);
      } else {
        this.#store.set(end, identity, { score, row });
        if (!this.#updates && this.#count(end) > 2 * this.#node.size + 16) this.#prune(end);
      }
      this.#changed.add(end);
    });
  }

  /** A row without a score is in no ranking, nor is what it replaces; a final one is a dead letter, a provisional one may still get a score. */
  #unranked(batch: Batch, at: number, score: unknown): void {
    if (((batch.kinds?.[at] ?? INSERT) & PROVISIONAL) !== 0) return;
    const message = `what it ranks by is ${typeof score === "number" ? score : typeof score}, not a number; filter such rows before it`;
    this.#context.fail(batch, at, new MillraceError("MILLRACE_FUNCTION_FAILED", this.#context.subject, message));
  }

  advance(watermark: number): void {
    this.#watermark = watermark;
    if (this.#role === "combine") return;
    const due = this.#store.ends().filter((end) => end + this.#node.lateness <= watermark).sort((a, b) => a - b);
    for (const end of due) {
      this.#show(end, this.#updates ? AFTER : INSERT);
      this.#store.drop(end);
      this.#shown.delete(end);
      this.#changed.delete(end);
    }
  }

  restored(watermark: number): void {
    this.#watermark = watermark;
    for (const end of this.#store.ends()) {
      if (end + this.#node.lateness <= watermark) this.#store.drop(end);
      else if (this.#updates) this.#shown.set(end, this.#best(end));
    }
  }

  flush(): void {
    if (this.#role === "combine") {
      for (const end of this.#store.ends()) {
        const out = new BatchBuilder();
        for (const [, { row }] of this.#best(end)) out.add(row, lastMoment(end), lastMoment(end + this.#node.lateness));
        this.#store.drop(end);
        this.#context.emit(RESULTS, out.take());
      }
    } else {
      for (const end of this.#changed) {
        if (this.#updates) this.#show(end, AFTER | PROVISIONAL);
        else this.#prune(end);
      }
    }
    this.#changed.clear();
  }

  /** Emits what of a window's ranking differs from what was shown of it; all of it when it is final. */
  #show(end: number, kind: number): void {
    const best = this.#best(end);
    const before = this.#shown.get(end) ?? [];
    const out = new BatchBuilder();
    const time = lastMoment(end);
    const stamp = lastMoment(end + this.#node.lateness);
    const staying = new Set(best.map(([identity]) => identity));
    before.forEach(([identity, { row }], i) => {
      if (!staying.has(identity)) out.add({ ...row, rank: i + 1 }, time, stamp, DELETE);
    });
    best.forEach(([, { row }], i) => {
      if ((kind & PROVISIONAL) === 0 || before[i]?.[1].row !== row) out.add({ ...row, rank: i + 1 }, time, stamp, kind);
    });
    this.#shown.set(end, best);
    if (out.count > 0) this.#context.emit(RESULTS, out.take());
  }

  #count(end: number): number {
    return this.#store.at(end)?.size ?? 0;
  }

  #best(end: number): readonly Identified[] {
    return [...(this.#store.at(end) ?? [])].sort(byRank).slice(0, this.#node.size);
  }

  #prune(end: number): void {
    const window = this.#store.at(end);
    if (window === undefined || window.size <= this.#node.size) return;
    const kept = new Set(this.#best(end).map(([identity]) => identity));
    for (const identity of [...window.keys()]) if (!kept.has(identity)) this.#store.delete(end, identity);
  }
}

function byRank([, a]: Identified, [, b]: Identified): number {
  return b.score - a.score || compareKeys((a.row["key"] ?? null) as Key, (b.row["key"] ?? null) as Key);
}
