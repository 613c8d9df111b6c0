import type { Lamp, Phase, SignalPlan } from "./intersection.ts";

/** What the lights of an intersection are in, between two ticks. */
export interface Light {
  /** The plan that they follow. */
  plan: SignalPlan;
  /** Seconds since its cycle began. */
  position: number;
}

/** Seconds of a tick in which one plan is followed. */
export interface Stretch {
  readonly plan: SignalPlan;
  readonly from: number;
  readonly to: number;
  /** Where in the cycle it begins, s. */
  readonly position: number;
}

/**
 * Lets so many whole seconds pass: what plan is followed in them, and changes the light. Another plan
 * is taken at the end of a cycle, as controllers do, so that nobody's green is cut short.
 */
export function follow(light: Light, wanted: SignalPlan, seconds: number): readonly Stretch[] {
  const { plan, position } = light;
  if (plan.cycle === wanted.cycle && plan.phases.NS.green === wanted.phases.NS.green && plan.phases.EW.green === wanted.phases.EW.green) {
    light.position = (position + seconds) % plan.cycle;
    return [{ plan, from: 0, to: seconds, position }];
  }
  const change = Math.min(seconds, Math.max(0, Math.ceil(plan.cycle - position)));
  const old = { plan, from: 0, to: change, position };
  light.position = position + change;
  if (light.position < plan.cycle) return [old];
  const begin = (light.position - plan.cycle) % wanted.cycle;
  light.plan = wanted;
  light.position = (begin + seconds - change) % wanted.cycle;
  return [old, { plan: wanted, from: change, to: seconds, position: begin }];
}

/** Where in the cycle a phase has green: NS, half of the lost time, EW, the other half; s. */
export function greenOf({ cycle, phases }: SignalPlan, phase: Phase): { readonly from: number; readonly to: number } {
  const { NS, EW } = phases;
  const from = phase === "NS" ? 0 : NS.green + (cycle - NS.green - EW.green) / 2;
  return { from, to: from + phases[phase].green };
}

/** The lamp that is lit. */
export function litLamp({ plan, position }: Light, phase: Phase): Lamp {
  const { from, to } = greenOf(plan, phase);
  if (position >= from && position < to) return "green";
  return position >= to && position < to + AMBER ? "amber" : "red";
}

/** s, of the lost time. */
const AMBER = 3;
