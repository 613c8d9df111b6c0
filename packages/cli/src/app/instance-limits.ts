import { MillraceError, type Duration } from "@millrace/core";
import { checkOptions, milliseconds, type OptionNames, type RuntimeOptions, type StageInstances } from "@millrace/core/internal";

/** How many instances run, by what there is to do, and what each of them may take. */
export interface InstanceLimits {
  /** At most so many in all. */
  readonly max: number;
  /** So many stay for the stages without limits of their own, whatever there is to do. Default 0: the first atom brings one back. */
  readonly min?: number;
  /** How long there is less to do before an instance is given up. Default "1m". */
  readonly idleAfter?: Duration;
  /**
   * Limits of stages, by `workflow/stage` as `millrace plan` names them, or by `workflow` for all of its
   * stages that are not named: these then have instances of their own. All others share what is left.
   */
  readonly stages?: Readonly<Record<string, StageInstances>>;
  /** Whether one thread that was given up is kept, besides `max`, so that the next one is there at once. Default true. */
  readonly spare?: boolean;
  /** Bytes that the heap of each may grow to; one that needs more is replaced, and an element that does it again goes to the dead letters. Default: what Node allows. */
  readonly memory?: number;
  /** How long a function may hold its thread; then it is dealt with as with `memory`. Default "1m". */
  readonly timeout?: Duration;
}

/** Limits as the runtime and the host of worker threads take them. Users' compilers read this: nothing of the host is named here. */
export interface CheckedLimits {
  readonly runtime: Pick<RuntimeOptions, "min" | "idleAfter" | "stages" | "spare"> & { readonly instances: number };
  readonly workers: { readonly stepTimeout?: number; readonly resourceLimits?: { readonly maxOldGenerationSizeMb: number } };
}

const LIMITS: OptionNames<InstanceLimits> = { max: true, min: true, idleAfter: true, stages: true, spare: true, memory: true, timeout: true };

const LEAST_MEMORY = 16 * 2 ** 20;

/** Throws MILLRACE_USAGE unless 0 <= min <= max, both are whole numbers and max is at least 1. What is said of stages is checked against their plan, later. */
export function limitsOf(instances: number | InstanceLimits = 1): CheckedLimits {
  if (typeof instances !== "number") checkOptions(instances, LIMITS, "start: instances");
  const limits = typeof instances === "number" ? { max: instances } : instances;
  const { min = 0, max, idleAfter = "1m", stages, spare, memory, timeout }: InstanceLimits = limits;
  if (!Number.isInteger(max) || max < 1 || !Number.isInteger(min) || min < 0 || min > max) {
    throw usage("instances", `from ${min} to ${max} instances cannot be; give whole numbers, the most at least 1 and not below the least`);
  }
  if (memory !== undefined && !(memory >= LEAST_MEMORY)) throw usage("instances.memory", `${memory} bytes; an instance needs 16 MB at least`);
  const workers = {
    ...(timeout === undefined ? {} : { stepTimeout: milliseconds(timeout, "start: instances.timeout") }),
    ...(memory === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memory / 2 ** 20) } }),
  };
  if (typeof instances === "number") return { runtime: { instances }, workers };
  const scaling = { min, idleAfter: milliseconds(idleAfter, "start: instances.idleAfter") };
  return { runtime: { instances: max, ...scaling, ...(stages === undefined ? {} : { stages }), ...(spare === undefined ? {} : { spare }) }, workers };
}

function usage(subject: string, message: string): MillraceError {
  return new MillraceError("MILLRACE_USAGE", `start: ${subject}`, message);
}
