import type { DeadLetter } from "../app/dead-letters.ts";
import { counted } from "../say.ts";

/** What a run came to, as far as hints follow from it. */
export interface Seen {
  /** Of this process. */
  readonly atomsIn: number;
  readonly late: number;
  readonly dead: number;
  /** Topics of which several files were read one after the other. */
  readonly chained: readonly string[];
  /** The first dead letter of the run. */
  readonly letter: DeadLetter | undefined;
  /** Least and largest time of the results, epoch ms; undefined where none has one. */
  readonly times: { readonly least: number; readonly most: number } | undefined;
}

/** What a person should look at after a run, most pressing first, a sentence each. */
export function hintsOf(seen: Seen): readonly string[] {
  return [...refusedHints(seen), ...lateHints(seen), ...timeHints(seen)];
}

/** Epoch seconds of the years 2001 to 2039, taken as milliseconds, lie in these days of January 1970. */
const SECONDS_FROM = 1e9;
const SECONDS_TO = 2.2e9;

function refusedHints({ atomsIn, dead, letter }: Seen): readonly string[] {
  if (dead === 0 || letter === undefined) return [];
  const guess = formatHint(letter);
  const most = dead * 2 > atomsIn ? [`WARNING: ${dead >= atomsIn ? "all" : "more than half"} of the atoms were refused (${dead.toLocaleString("en")} of ${counted(atomsIn, "atom")}).`] : [];
  return [...most, ...(guess === undefined ? [] : [guess])];
}

/** What else the input may be, by what was refused first. */
export function formatHint({ raw, topic, reason }: Pick<DeadLetter, "raw" | "topic" | "reason">): string | undefined {
  const text = raw?.trim() ?? "";
  const isJsonRead = /^not (?:a )?JSON/.test(reason);
  if (isJsonRead && text.startsWith("[")) return `The input of ${topic} looks like one JSON array; make a line of each of its items: jq -c '.[]' FILE > FILE.ndjson`;
  if (isJsonRead && text === "{") return `The input of ${topic} looks like JSON over several lines; make a line of each object: jq -c . FILE > FILE.ndjson`;
  if (isJsonRead && /^[^{}[\]]*[,;\t][^{}[\]]*$/.test(text)) return `The input of ${topic} looks like CSV; read it with --format csv${/^[^,]*;/.test(text) ? ' --delimiter ";"' : ""}`;
  if (!isJsonRead && /^\{"[^"]*[;\t|]/.test(text)) return `The columns of ${topic} are not divided by commas; give --delimiter ";" (or tab)`;
  if (!isJsonRead && text.startsWith("{") && !text.startsWith('{"') && text.includes(":")) return `The input of ${topic} looks like NDJSON; read it with --format ndjson`;
  return undefined;
}

function lateHints({ late, chained }: Seen): readonly string[] {
  if (late === 0) return [];
  const files = chained.length === 0 ? "" : `The files of ${chained.join(", ")} are read one after the other, in name order: where they overlap in time, give --splits file. `;
  return [`${counted(late, "atom")} came too late for their windows. ${files}${files === "" ? "A" : "Else a"} larger outOfOrderness (how far an atom may be behind the newest) or lateness takes them in; results.late has them.`];
}

function timeHints({ times }: Seen): readonly string[] {
  if (times === undefined || times.least < SECONDS_FROM || times.most > SECONDS_TO) return [];
  return ["All results lie in January 1970: event times look like seconds since 1970, and are taken as milliseconds; give from a { time: (value) => value.FIELD * 1000 }."];
}
