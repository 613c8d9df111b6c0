import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { MillraceError } from "millrace";

export interface Options {
  readonly fresh: boolean;
  readonly help: boolean;
  readonly intersections: number;
  /** Seconds of the city a second; Infinity: as fast as it can. */
  readonly speed: number;
  readonly seed: number;
  readonly instances?: number;
  /** Stops by itself after so many seconds; Infinity: never. */
  readonly seconds: number;
  /** The city's time ends after so many hours; Infinity: never. */
  readonly hours: number;
  readonly data: string;
}

export const HELP = `Runs the city: npm start [-- OPTION...]

  --fresh             begin anew: empties the data folder first
  --intersections N   how large the city is (100)
  --speed X           seconds of the city a second, or max (60)
  --seed N            which city it is (1)
  --instances N       worker threads that share the work (none: all runs in the main thread)
  --seconds N         stop after so long (until Ctrl-C)
  --hours N           the city ends after so many hours of its time (never)
  --data DIR          where it is kept (.millrace/city in the clone)

Example: npm start -- --fresh --intersections 1000 --speed 600`;

/** Reads the arguments. Throws MILLRACE_USAGE, naming the option, where one is wrong. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parsed(args);
  return {
    fresh: values.fresh,
    help: values.help,
    intersections: whole("intersections", values.intersections, 1, 100_000),
    speed: values.speed === "max" ? Infinity : number("speed", values.speed),
    seed: whole("seed", values.seed, 0, 2 ** 32 - 1),
    ...(values.instances === undefined ? {} : { instances: whole("instances", values.instances, 1, 64) }),
    seconds: values.seconds === undefined ? Infinity : number("seconds", values.seconds),
    hours: values.hours === undefined ? Infinity : number("hours", values.hours),
    data: resolve(values.data),
  };
}

const KNOWN = {
  fresh: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
  intersections: { type: "string", default: "100" },
  speed: { type: "string", default: "60" },
  seed: { type: "string", default: "1" },
  instances: { type: "string" },
  seconds: { type: "string" },
  hours: { type: "string" },
  data: { type: "string", default: resolve(import.meta.dirname, "../../.millrace/city") },
} as const;

function parsed(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof KNOWN }>> {
  try {
    return parseArgs({ args: [...args], options: KNOWN });
  } catch (error) {
    throw wrong("npm start", error instanceof Error ? error.message : String(error));
  }
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw wrong(`--${name} ${text}`, "must be a number above 0");
  return value;
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) throw wrong(`--${name} ${text}`, `must be a whole number from ${least} to ${most}`);
  return value;
}

function wrong(subject: string, message: string): MillraceError {
  return new MillraceError("MILLRACE_USAGE", subject, `${message}; npm start -- --help shows what there is`);
}
