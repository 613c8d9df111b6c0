import type { Commit, CommitResult, Ledger, Topics } from "@millrace/core/internal";

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

/** A ledger that counts what is committed through it, and tells when dead letters or late atoms were among it. */
export function countCommits(
  ledger: Ledger & Topics,
  onTrouble: (counts: CommitCounts) => void,
): { readonly ledger: Ledger & Topics; readonly counts: CommitCounts } {
  const counts: CommitCounts = { commits: 0, dead: 0, late: 0, firstResult: undefined };
  const commit = async (made: Commit): Promise<CommitResult> => {
    const result = await ledger.commit(made);
    if (result.outcome !== "applied") return result;
    counts.commits++;
    let dead = 0;
    for (const { topic, count } of made.appends) if (topic.endsWith(".dead")) dead += count;
    const results = made.appends.some(({ topic }) => !topic.endsWith(".dead"));
    if (results) counts.firstResult ??= performance.now();
    const late = made.measured?.late ?? 0;
    counts.dead += dead;
    counts.late += late;
    if (dead + late > 0) onTrouble(counts);
    return result;
  };
  return { ledger: { ...ledger, commit }, counts };
}
