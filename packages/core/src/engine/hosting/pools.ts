import { MillraceError } from "../../errors.ts";
import { checkOptions, type OptionNames } from "../../graph/check-options.ts";
import type { Plan, Stage } from "../plan.ts";
import type { StageLimits } from "./desired-instances.ts";

/** What may be said of a stage's instances, or of all of a workflow's together. */
export interface StageInstances {
  /** So many stay, whatever there is to do. Default 0. */
  readonly min?: number;
  /** Default: as many as its partitions and what others have reserved leave. */
  readonly max?: number;
  /** So many are kept free for it, whatever others have to do. Default: `min`. */
  readonly reserve?: number;
}

const LIMITS: OptionNames<StageInstances> = { min: true, max: true, reserve: true };

/** The instances of a host: how many there may be, and how stages share them. */
export interface HostLimits {
  /** At most so many in all. */
  readonly quota: number;
  /** So many stay for the stages that have no limits of their own. Default 0. */
  readonly min?: number;
  /** By `workflow/stage`, or by `workflow` for all stages of it that are not named themselves. */
  readonly stages?: Readonly<Record<string, StageInstances>>;
}

export interface PlannedStage {
  readonly plan: Plan;
  readonly stage: Stage;
}

/** Stages that share limits, and so instances. */
export interface StagePool {
  readonly stages: readonly PlannedStage[];
  readonly limits: StageLimits;
}

/**
 * Divides the stages of plans into pools: one for each that has limits, one for all others. Throws
 * MILLRACE_USAGE for stages that there are not, for limits that contradict each other or the partitions
 * that there are, and for reserves that the quota has no room for.
 */
export function poolsOf(plans: readonly Plan[], { quota, min = 0, stages: given = {} }: HostLimits): readonly StagePool[] {
  const names = new Map(plans.flatMap((plan) => plan.stages.map((stage) => [`${plan.workflow.name}/${stage.id}`, { plan, stage }] as const)));
  const own = new Map<string, PlannedStage[]>(Object.keys(given).map((name) => [name, []]));
  const others: PlannedStage[] = [];
  for (const [name, planned] of names) (own.get(name) ?? own.get(planned.plan.workflow.name) ?? others).push(planned);
  const wanted = [...own].map(([name, stages]) => {
    checkOptions(given[name], LIMITS, `limits of ${name}`);
    if (stages.length === 0) throw unknown(name, [...names.keys()]);
    return { name: `limits of ${name}`, stages, given: given[name] };
  });
  if (others.length > 0) wanted.push({ name: "instances", stages: others, given: { min } });
  else if (min > 0 && own.size > 0) throw usage("instances", `min ${min}, but every stage has limits of its own; give them there`);

  const reserves = wanted.map(({ name, given: limits }) => reserveOf(name, limits));
  const reserved = reserves.reduce((sum, reserve) => sum + reserve, 0);
  if (reserved > quota) throw usage("instances", `${reserved} are reserved for stages or always there, of at most ${quota} in all; raise max or reserve fewer`);
  const left = wanted.findIndex((_, i) => reserves[i] === 0);
  if (left >= 0 && reserved === quota) throw usage("instances", `all ${quota} are reserved, so that stages without a reserve (${namesOf(wanted[left].stages)}) would never run; raise max or reserve fewer`);
  return wanted.map(({ name, stages, given: limits }, i) => ({ stages, limits: limitsOf(name, stages, limits, reserves[i], quota - reserved + reserves[i]) }));
}

function limitsOf(name: string, stages: readonly PlannedStage[], given: StageInstances, reserve: number, room: number): StageLimits {
  const partitions = Math.max(...stages.map(({ stage }) => stage.partitions));
  const { min = 0, max } = given;
  if (max !== undefined && !(Number.isInteger(max) && max >= 1)) throw usage(name, `max ${max}; give a whole number, at least 1`);
  if (max !== undefined && max > room) throw usage(name, `max ${max}, but others leave at most ${room}; give max: ${room} or raise what there may be in all`);
  const most = max ?? room;
  if (max !== undefined && Math.max(max, reserve) > partitions) {
    throw usage(name, `${Math.max(max, reserve)} instances, but it has ${partitions === 1 ? "one partition" : `${partitions} partitions`} to share out (stages ${namesOf(stages)}); give max: ${partitions}, or more partitions`);
  }
  if (reserve > most) throw usage(name, `${min > most ? "min" : "reserve"} ${reserve} is above max ${most}; lower it or raise max`);
  const fit = Math.min(most, partitions);
  return { min: Math.min(min, fit), max: fit, reserve: Math.min(reserve, fit) };
}

function reserveOf(name: string, { min = 0, reserve = min }: StageInstances): number {
  if (!Number.isInteger(min) || min < 0) throw usage(name, `min ${min}; give a whole number, at least 0`);
  if (!Number.isInteger(reserve) || reserve < min) throw usage(name, `reserve ${reserve}; give a whole number, at least min (${min})`);
  return reserve;
}

function namesOf(stages: readonly PlannedStage[]): string {
  return stages.map(({ plan, stage }) => `${plan.workflow.name}/${stage.id}`).join(", ");
}

function unknown(name: string, names: readonly string[]): MillraceError {
  return usage(`limits of ${name}`, `there is no such stage or workflow, or all its stages have limits of their own; the stages are ${names.join(", ")} (see millrace plan)`);
}

function usage(subject: string, message: string): MillraceError {
  return new MillraceError("MILLRACE_USAGE", subject, message);
}
