import { MillraceError, type Duration } from "@millrace/core";
import { milliseconds } from "@millrace/core/internal";

/** How many instances run, by what there is to do: one is added while another has too much, and given up when it had nothing to do. */
export interface InstanceLimits {
  /** So many stay, whatever there is to do. Default 0: the first atom brings one back. */
  readonly min?: number;
  readonly max: number;
  /** How long an instance has nothing to do before it is given up. Default "1m". */
  readonly idleAfter?: Duration;
}

/** Throws MILLRACE_USAGE unless 0 <= min <= max, both are whole numbers and max is at least 1. */
export function limitsOf(instances: number | InstanceLimits): { readonly instances: number; readonly min?: number; readonly idleAfter?: number } {
  const limits = typeof instances === "number" ? { max: instances } : instances;
  const { min = 0, max, idleAfter = "1m" } = limits;
  if (!Number.isInteger(max) || max < 1 || !Number.isInteger(min) || min < 0 || min > max) {
    throw new MillraceError("MILLRACE_USAGE", "start: instances", `from ${min} to ${max} instances cannot be; give whole numbers, the most at least 1 and not below the least`);
  }
  return typeof instances === "number" ? { instances } : { instances: max, min, idleAfter: milliseconds(idleAfter, "start: instances.idleAfter") };
}
