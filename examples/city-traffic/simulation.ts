import { map, output, workflow } from "millrace";
import { cityMap, sensorsOf } from "./city-map.ts";
import { dailyProfile } from "./demand.ts";
import { fixedPlan } from "./intersection.ts";
import { readings, ticks } from "./model.ts";
import { emptyTraffic, simulate, type Reading, type Site, type Traffic } from "./simulator.ts";

/** Lets the city live, tick by tick. Its traffic is state, so that a city that is stopped goes on where it was. */
export const simulation = workflow("simulation", (flow) =>
  flow
    .from(ticks, { time: (tick) => tick.time })
    .keyBy(() => "city")
    .process({
      state: { sites: map<string, Site>(), traffic: map<string, Traffic>() },
      out: output<Reading>(),
      onElement({ seed, intersections, time }, context) {
        const { state } = context;
        if (state.sites.size === 0) {
          for (const intersection of cityMap({ seed, intersections })) {
            const plan = fixedPlan(intersection, time);
            state.sites.set(intersection.id, { intersection, plan, sensors: sensorsOf(intersection).map(({ approach }) => approach) });
          }
        }
        const moment = { seed, time, share: dailyProfile(time) };
        for (const [id, site] of state.sites.entries()) {
          const traffic = copyOf(state.traffic.get(id)) ?? emptyTraffic(site.plan);
          for (const reading of simulate(moment, site, traffic)) context.emit(reading);
          state.traffic.set(id, traffic);
        }
      },
    })
    .to(readings),
);

function copyOf(traffic: Traffic | undefined): Traffic | undefined {
  if (traffic === undefined) return undefined;
  return { light: { ...traffic.light }, queues: traffic.queues.map((queue) => ({ ...queue })), broken: [...traffic.broken] };
}
