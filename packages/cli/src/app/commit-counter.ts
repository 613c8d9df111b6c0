import { MillraceError } from "@millrace/core";
import type { Commit, CommitResult, Ledger, Topics } from "@millrace/core/internal";
import { topicOfDead } from "./graph-names.ts";

/** What commits have made real since the counter was put in front of the ledger. */
export interface CommitCounts {
  commits: number;
  /** Atoms appended to topics of dead letters. */
  dead: number;
  /** Atoms that came too late for their windows. */
  late: number;
  /** Milliseconds from the process' start to the first result in a topic or a collection; undefined before. */
  firstResult: number | undefined;
}

/** What a counter tells of. */
export interface CommitWatch {
  /** Dead letters or late atoms were among what was committed. */
  look(counts: CommitCounts): void;
  /** The store has no room for a commit. */
  full(error: MillraceError): void;
}

/** A ledger that counts what is committed through it, and tells of trouble. */
export function countCommits(
  ledger: Ledger & Topics,
  watch: CommitWatch,
): { readonly ledger: Ledger & Topics; readonly counts: CommitCounts } {
  const counts: CommitCounts = { commits: 0, dead: 0, late: 0, firstResult: undefined };
  const commit = async (made: Commit): Promise<CommitResult> => {
    const result = await ledger.commit(made).catch((error: unknown) => {
      if (error instanceof MillraceError && error.code === "MILLRACE_STORE_FULL") watch.full(error);
      throw error;
    });
    if (result.outcome !== "applied") return result;
    counts.commits++;
    let dead = 0;
    for (const { topic, count } of made.appends) if (topicOfDead(topic) !== undefined) dead += count;
    const results = made.appends.some(({ topic }) => topicOfDead(topic) === undefined);
    if (results) counts.firstResult ??= performance.now();
    const late = made.measured?.late ?? 0;
    counts.dead += dead;
    counts.late += late;
    if (dead + late > 0) watch.look(counts);
    return result;
  };
  return { ledger: { ...ledger, commit }, counts };
}
