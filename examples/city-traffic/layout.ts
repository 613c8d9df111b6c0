import { workflow } from "millrace";
import { cityMap, sensorsOf } from "./city-map.ts";
import { intersections, sensors, ticks } from "./model.ts";
import { BEGINNING } from "./simulator.ts";

/** Lays the city out in its first tick: intersections and a sensor for each approach. From then on people change it. */
export const layout = workflow("layout", (flow) => {
  const map = flow
    .from(ticks, { time: (tick) => tick.time })
    .filter(({ time }) => time === BEGINNING)
    .flatMap(cityMap);
  map.to(intersections);
  map.flatMap(sensorsOf).to(sensors);
});
