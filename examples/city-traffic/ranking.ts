import { count, mean, tumbling, workflow } from "millrace";
import { LENGTHS, rankings, readings } from "./model.ts";
import type { Reading } from "./simulator.ts";

/** Made once for all lengths: windows over one stream with the same aggregates share their slices. */
const speeds = { speed: mean((reading: Reading) => reading.speed), readings: count<Reading>() };

/** The ten intersections with the highest mean speed, for each length of window: as it fills, and final. */
export const ranking = workflow("ranking", (flow) => {
  const byIntersection = flow.from(readings).keyBy((reading) => reading.intersection);
  for (const length of LENGTHS) {
    byIntersection
      .window(tumbling(length), { early: "500ms" })
      .aggregate(speeds)
      .top(10, (row) => row.speed ?? 0, { per: "window" })
      .map(({ window, rank, key, speed, readings: of }) => ({ length, window, rank, intersection: key, speed: speed ?? 0, readings: of }))
      .to(rankings);
  }
});
