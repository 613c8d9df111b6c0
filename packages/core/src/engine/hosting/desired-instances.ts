/** What waits is to be worked off within so many seconds. */
export const DRAIN_SECONDS = 2;
/** How much of what an instance can do it is to do, so that there is room for the next moment. */
export const TARGET_SHARE = 0.7;
/** So little more than a whole number of instances needs no further one. */
const TOLERANCE = 0.1;
/** What a stage has counts for so much more, so that an instance does not go to and fro between two that are alike. */
const KEEP = 1.25;
/** Where there are fewer instances than stages with work, each keeps its one for so long, ms, and then makes way. */
export const TURN = 1_000;

/** What a stage has to do, as it was measured. Atoms and seconds; other units will do where they are the same throughout. */
export interface StageLoad {
  /** Atoms that wait and could be taken in. */
  readonly backlog: number;
  /** Atoms taken in per second lately, by all its instances together. */
  readonly rate: number;
  /** Atoms per second that one instance can take in; undefined: not measured yet. */
  readonly capacity: number | undefined;
  /** Whether a timer is due, or anything else wants an instance although nothing waits. */
  readonly due: boolean;
}

/** Within which its instances are to be: 0 <= min <= reserve <= max. */
export interface StageLimits {
  /** So many stay, whatever there is to do. */
  readonly min: number;
  readonly max: number;
  /** So many of the quota are kept free for it, whatever others have to do. */
  readonly reserve: number;
}

export interface StageDemand {
  readonly limits: StageLimits;
  /** `neededShare` of its load. */
  readonly needed: number;
  /** The largest `needed` of the time for which instances are kept: instances go slowly. At least `needed`. */
  readonly recently: number;
  /** How many it has now. */
  readonly instances: number;
  /** How long it has had an instance; or, where it has none, how long there has been work for one, ms. */
  readonly since: number;
}

/** How many instances a load is enough for, as a fraction; above 0 whenever there is anything to do. */
export function neededShare({ backlog, rate, capacity, due }: StageLoad): number {
  if (backlog <= 0 && rate <= 0 && !due) return 0;
  if (capacity === undefined || capacity <= 0) return 1;
  return Math.max(Number.MIN_VALUE, (rate + backlog / DRAIN_SECONDS) / (capacity * TARGET_SHARE));
}

/**
 * How many instances each stage is to have of a quota that they share. A stage gets what it needs up to
 * its reserve, whatever others need. Of what is not reserved every stage with work gets a first one, then
 * it goes one by one to the stage that needs most for each that it has (highest averages by Adams's divisors).
 * Where not even a first one is there for all, they take turns. Never more than `max` of a stage or the
 * quota in all, as long as the reserves fit into it.
 */
export function desiredInstances(stages: readonly StageDemand[], quota: number): number[] {
  const wanted = stages.map(wantedOf);
  const given = stages.map(({ limits }, i) => Math.min(wanted[i], limits.reserve));
  let free = quota - stages.reduce((sum, { limits }) => sum + limits.reserve, 0);
  for (const i of byTurn(stages)) {
    if (free <= 0) break;
    if (given[i] > 0 || wanted[i] === 0) continue;
    given[i] = 1;
    free--;
  }
  while (free > 0) {
    const next = neediest(stages, wanted, given);
    if (next === undefined) break;
    given[next]++;
    free--;
  }
  return given;
}

function wantedOf({ limits, recently }: StageDemand): number {
  const needed = recently > 0 ? Math.max(1, Math.ceil(recently - TOLERANCE)) : 0;
  return Math.min(limits.max, Math.max(limits.min, needed));
}

/** Those whose turn it is first: who has just begun, then who has waited longest, then who had a turn. */
function byTurn(stages: readonly StageDemand[]): number[] {
  const score = stages.map(({ instances, since }) => (instances === 0 ? since : since < TURN ? Infinity : 0));
  return stages.map((_, i) => i).sort((a, b) => (score[a] === score[b] ? stages[b].instances - stages[a].instances || a - b : score[b] - score[a]));
}

function neediest(stages: readonly StageDemand[], wanted: readonly number[], given: readonly number[]): number | undefined {
  let best: number | undefined;
  let most = -Infinity;
  for (const [i, { instances, recently }] of stages.entries()) {
    if (given[i] >= wanted[i]) continue;
    const need = (recently / Math.max(1, given[i])) * (instances > given[i] ? KEEP : 1);
    if (need <= most) continue;
    most = need;
    best = i;
  }
  return best;
}
