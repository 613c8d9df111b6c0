import type { Lamp, Phase, SignalTiming } from "./intersection.ts";

/** What the lights of an intersection are in, between two ticks. */
export interface Light {
  timing: SignalTiming;
  /** Seconds since its cycle began. */
  position: number;
}

/** Seconds of a tick in which one timing is followed. */
export interface Stretch {
  readonly timing: SignalTiming;
  readonly from: number;
  readonly to: number;
  /** Where in the cycle it begins, s. */
  readonly position: number;
}

/**
 * Lets so many whole seconds pass: what timing is followed in them, and changes the light. Another timing
 * is taken at the end of a cycle, as controllers do, so that nobody's green is cut short.
 */
export function follow(light: Light, wanted: SignalTiming, seconds: number): readonly Stretch[] {
  const { timing, position } = light;
  if (timing.cycle === wanted.cycle && timing.phases.NS.green === wanted.phases.NS.green && timing.phases.EW.green === wanted.phases.EW.green) {
    light.position = (position + seconds) % timing.cycle;
    return [{ timing, from: 0, to: seconds, position }];
  }
  const change = Math.min(seconds, Math.max(0, Math.ceil(timing.cycle - position)));
  const old = { timing, from: 0, to: change, position };
  light.position = position + change;
  if (light.position < timing.cycle) return [old];
  const begin = (light.position - timing.cycle) % wanted.cycle;
  light.timing = wanted;
  light.position = (begin + seconds - change) % wanted.cycle;
  return [old, { timing: wanted, from: change, to: seconds, position: begin }];
}

/** Where in the cycle a phase has green: NS, half of the lost time, EW, the other half; s. */
export function greenOf({ cycle, phases }: SignalTiming, phase: Phase): { readonly from: number; readonly to: number } {
  const { NS, EW } = phases;
  const from = phase === "NS" ? 0 : NS.green + (cycle - NS.green - EW.green) / 2;
  return { from, to: from + phases[phase].green };
}

/** The lamp that is lit. */
export function litLamp({ timing, position }: Light, phase: Phase): Lamp {
  const { from, to } = greenOf(timing, phase);
  if (position >= from && position < to) return "green";
  return position >= to && position < to + AMBER ? "amber" : "red";
}

/** s, of the lost time. */
const AMBER = 3;
