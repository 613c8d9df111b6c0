import { map, output, sum, tumbling, value, workflow } from "millrace";
import { dailyProfile } from "./demand.ts";
import { grouped } from "./grouped.ts";
import { fixedTiming, type Direction, type Intersection, type SignalTiming } from "./intersection.ts";
import { CONTROL_WINDOW, delays, intersections, plans, readings, repairs, sensors, ticks, type Repair } from "./model.ts";
import { hashOf } from "./random.ts";
import { emptyTraffic, repair, simulate, TICK, type Reading } from "./simulator.ts";
import { keepTraffic, restoreTraffic, type KeptTraffic } from "./traffic-codec.ts";

/** A tick of one intersection, with what is set up there at its beginning. */
interface SiteTick {
  readonly time: number;
  readonly seed: number;
  readonly intersection: Intersection;
  readonly timing: SignalTiming;
  readonly sensors: readonly Direction[];
  readonly repairs: Repairs;
}

type Repairs = readonly { readonly row: Repair; readonly since: number }[];

/** Time that vehicles stood at one intersection in one tick, vehicle-seconds. */
interface Standing {
  readonly time: number;
  readonly vehicles: number;
  readonly controlled: number;
  /** The same vehicles, at lights with fixed timing. */
  readonly fixed: number;
}

/**
 * The city lives, tick by tick. A tick waits for all that people and control have written until its
 * beginning, and for nothing else; so a day follows from its seed and the edits. Traffic is state, so that
 * a city that was stopped goes on where it was.
 */
export const simulation = workflow("simulation", (flow) => {
  // What follows from a window is shown by the lights one tick after its end: the delay of the loop.
  const planned = flow.table(plans, { delay: TICK });
  const allPlanned = flow.table(plans, { delay: TICK, key: () => "city" });
  const place = (intersection: string): string => `district ${hashOf(intersection) % DISTRICTS}`;
  const cityByDistrict = grouped(flow.from(intersections), ({ id }) => place(id), ({ id }) => id);
  const equipped = grouped(flow.from(sensors), ({ intersection }) => intersection, ({ approach }) => approach);
  const repaired = grouped(flow.from(repairs), ({ intersection }) => intersection, ({ approach, lamp }) => `${approach} ${lamp}`);

  const simulated = flow
    .from(ticks, { time: (tick) => tick.time })
    .keyBy(() => "city")
    // Whole ticks wait until control has come so far, before they are divided.
    .enrich(allPlanned, (tick) => tick)
    .flatMap(({ time, seed }) => Array.from({ length: DISTRICTS }, (_, district) => ({ time, seed, district: `district ${district}` })))
    .keyBy(({ district }) => district)
    .enrich(cityByDistrict, ({ time, seed }, there) => ({ time, seed, intersections: (there?.rows ?? []).map(({ row }) => row) }))
    .flatMap(({ time, seed, intersections: there }) => there.map((intersection) => ({ time, seed, intersection })))
    .keyBy(({ intersection }) => intersection.id)
    .enrich(planned, (tick, plan) => ({ ...tick, timing: plan ?? fixedTiming(tick.intersection) }))
    .keyed.enrich(equipped, (tick, there) => ({ ...tick, sensors: (there?.rows ?? []).map(({ row }) => row.approach) }))
    .keyed.enrich(repaired, (tick, there): SiteTick => ({ ...tick, repairs: there?.rows ?? [] }))
    .keyed.process({
      state: { traffic: value<KeptTraffic>(), fixed: value<KeptTraffic>(), mended: map<string, number>() },
      out: output<Reading>(),
      sides: { standing: output<Standing>() },
      onElement(site, context) {
        const { state } = context;
        const { time, seed, intersection, timing } = site;
        const moment = { seed, time, share: dailyProfile(time) };
        const fixed = fixedTiming(intersection);
        const [here, there] = [state.traffic.get(), state.fixed.get()];
        const traffic = here === undefined ? emptyTraffic(timing) : restoreTraffic(here);
        const twin = there === undefined ? emptyTraffic(fixed) : restoreTraffic(there);
        for (const { row, since } of site.repairs) {
          const lamp = `${row.approach} ${row.lamp}`;
          if (state.mended.get(lamp) === since) continue;
          state.mended.set(lamp, since);
          repair(traffic, row.approach, row.lamp);
        }
        const given = simulate(moment, site, traffic);
        const twins = simulate(moment, { ...site, timing: fixed }, twin);
        for (const reading of given) context.emit(reading);
        context.side("standing", { time, vehicles: total(given, "vehicles"), controlled: total(given, "waited"), fixed: total(twins, "waited") });
        state.traffic.set(keepTraffic(traffic));
        state.fixed.set(keepTraffic(twin));
      },
    });
  simulated.to(readings);
  simulated
    .side("standing")
    .window(tumbling(CONTROL_WINDOW), { early: "1s" })
    .aggregate({ vehicles: sum((one) => one.vehicles), controlled: sum((one) => one.controlled), fixed: sum((one) => one.fixed) })
    .map(({ window, vehicles, controlled, fixed }) => ({ window, vehicles, controlled: controlled / Math.max(1, vehicles), fixed: fixed / Math.max(1, vehicles) }))
    .to(delays);
});

/** The intersections of a tick are looked up in so many shares of the map. */
const DISTRICTS = 16;

function total(of: readonly Reading[], field: "vehicles" | "waited"): number {
  return of.reduce((added, reading) => added + reading[field], 0);
}
