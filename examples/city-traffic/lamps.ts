import { output, value, workflow } from "millrace";
import { DIRECTIONS, LAMPS, type Direction, type Lamp } from "./intersection.ts";
import { alarms, intersections, readings, type Alarm } from "./model.ts";

/** A light as a reading shows it. */
interface Light {
  readonly intersection: string;
  readonly approach: Direction;
  readonly time: number;
  /** Undefined: the intersection was taken off the map. */
  readonly broken: readonly Lamp[] | undefined;
}

const NONE: readonly Lamp[] = [];

/** A reading with a broken lamp becomes an alarm with the place and the lamp; one of the same light without it clears it. */
export const lamps = workflow("lamps", (flow) => {
  const lights = flow.from(readings).map(({ intersection, approach, time, broken }): Light => ({ intersection, approach, time, broken }));
  // Lights that are taken off the map alarm nobody any more.
  const gone = flow
    .from(intersections)
    .keyBy(({ id }) => id)
    .process({
      out: output<Light>(),
      onElement({ id }, context) {
        if (context.change !== "delete") return;
        for (const approach of DIRECTIONS) context.emit({ intersection: id, approach, time: context.time, broken: undefined });
      },
    });
  lights
    .merge(gone)
    .keyBy(({ intersection, approach }) => [intersection, approach])
    .process({
      state: { broken: value<readonly Lamp[]>({ initial: NONE }), gone: value({ initial: -Infinity }) },
      out: output<Omit<Alarm, "latitude" | "longitude"> & { readonly cleared: boolean }>(),
      onElement({ intersection, approach, broken: seen, time }, context) {
        const broken = seen ?? NONE;
        const { broken: kept, gone: goneAt } = context.state;
        // Readings and changes of the map come in no common order.
        if (time < goneAt.get()) return;
        if (seen === undefined) goneAt.set(time);
        const before = kept.get();
        if (before.length === 0 && broken.length === 0) return;
        for (const lamp of LAMPS) {
          const cleared = !broken.includes(lamp);
          if (cleared !== before.includes(lamp)) continue;
          context.emit({ intersection, approach, lamp, since: time, cleared });
        }
        kept.set(broken);
      },
    })
    .keyBy(({ intersection }) => intersection)
    .enrich(flow.table(intersections), (alarm, place) => ({ ...alarm, latitude: place?.latitude, longitude: place?.longitude }))
    .to(alarms);
});
