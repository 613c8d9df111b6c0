import { digest, medianOf, mergeDigests, tumbling, workflow, type Digest } from "millrace";
import { busyIntersections, LENGTHS, readings, type Median } from "./model.ts";
import type { Reading } from "./simulator.ts";

/** Made once for all lengths, as in ranking.ts. */
const vehicles = { counts: digest((reading: Reading) => reading.vehicles) };

/** The medians of a window's intersections, gathered from wherever they were computed. */
const everyMedian = {
  init: (): Median[] => [],
  add(all: Median[], { key, counts }: { readonly key: string; readonly counts: Digest }): Median[] {
    all.push({ intersection: key, median: medianOf(counts) ?? 0 });
    return all;
  },
  merge(all: Median[], others: Median[]): Median[] {
    all.push(...others);
    return all;
  },
  result: (all: Median[]): readonly Median[] => all,
};

/** The intersections whose median vehicle count exceeds that of all readings, by t-digests that are merged, for each length of window. */
export const busy = workflow("busy", (flow) => {
  const byIntersection = flow.from(readings).keyBy((reading) => reading.intersection);
  for (const length of LENGTHS) {
    byIntersection
      .window(tumbling(length), { early: "2s" })
      .aggregate(vehicles)
      .perWindow()
      .aggregate({ all: mergeDigests((row) => row.counts), medians: everyMedian })
      .map(({ window, all, medians }) => {
        const median = medianOf(all) ?? 0;
        const exceeding = medians.filter((one) => one.median > median).sort(byMedian);
        return { length, window, median, intersections: medians.length, exceeding };
      })
      .to(busyIntersections);
  }
});

function byMedian(a: Median, b: Median): number {
  return b.median - a.median || (a.intersection < b.intersection ? -1 : 1);
}
