import { topic, workflow } from "millrace";
import { readings } from "../model.ts";
import type { Reading } from "../simulator.ts";

/** Readings that a test makes up, instead of a simulation. */
export const given = topic<Reading>("given");

/** Hands them on, with their event time, as the simulation does. */
export const feed = workflow("feed", (flow) => flow.from(given, { time: (reading) => reading.time }).to(readings));
