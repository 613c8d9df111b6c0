import { output, value, workflow } from "millrace";
import { LAMPS, type Lamp } from "./intersection.ts";
import { alarms, readings, type Alarm } from "./model.ts";

const NONE: readonly Lamp[] = [];

/** A reading with a broken lamp becomes an alarm with the place and the lamp; one of the same light without it clears it. */
export const lamps = workflow("lamps", (flow) =>
  flow
    .from(readings, { time: (reading) => reading.time })
    .keyBy(({ intersection, approach }) => [intersection, approach])
    .process({
      state: { broken: value<readonly Lamp[]>({ initial: NONE }) },
      out: output<Alarm>(),
      onElement({ intersection, approach, broken, time }, context) {
        const { broken: kept } = context.state;
        const before = kept.get();
        if (before.length === 0 && broken.length === 0) return;
        for (const lamp of LAMPS) {
          if (broken.includes(lamp) === before.includes(lamp)) continue;
          context.emit({ intersection, approach, lamp, since: time, cleared: !broken.includes(lamp) });
        }
        kept.set(broken);
      },
    })
    .to(alarms),
);
