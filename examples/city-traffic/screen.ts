import { clock, counted, latestDelay, watched, type Ranking, type View, type Watched } from "./view.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** How lines are marked on a terminal. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
}

/** Nothing marked: for tests, and where NO_COLOR asks for it. */
export const PLAIN: Style = { bold: (text) => text, dim: (text) => text };
export const ANSI: Style = { bold: (text) => `\u001B[1m${text}\u001B[22m`, dim: (text) => `\u001B[2m${text}\u001B[22m` };

/** The lines of a screen: both answers side by side for the windows that there is room for. No line is longer than the screen. */
export function frame(view: View, size: Size, style: Style): string[] {
  const windows = watched(view);
  const shown = windows.slice(0, Math.max(1, Math.min(windows.length, Math.floor((size.columns + GAP) / (NARROWEST + GAP)))));
  const width = Math.min(WIDEST, Math.floor((size.columns + GAP) / shown.length) - GAP);
  const across = (cell: (one: Watched) => string): string => shown.map((one) => fit(cell(one), width)).join(" ".repeat(GAP)).trimEnd();
  const withBefore = windows.some(({ before }) => before !== undefined) && size.rows >= FIXED_LINES + 2 * TOP + 6;
  const busyRows = Math.max(0, Math.min(TOP, size.rows - FIXED_LINES - TOP - (withBefore ? TOP + 2 : 1)));
  const lines = [
    style.bold(ends("Millrace: city traffic", dayAndTime(view.time), size.columns)),
    style.dim(fit(status(view), size.columns)),
    "",
    style.bold(fit("Fastest intersections, by mean speed in km/h", size.columns)),
    style.dim(across((one) => heading(one, view.time))),
    ...upTo(TOP, (i) => across(({ newest }) => rankedLine(newest, i, width))),
    ...(withBefore
      ? ["", style.dim(across((one) => finished(one))), ...upTo(TOP, (i) => across(({ before }) => rankedLine(before, i, width)))]
      : [style.dim(across(({ before }) => (before === undefined ? "" : `before: ${best(before, 2)}`)))]),
    "",
    style.bold(fit("Busier than the city, by median of vehicles in 20 s", size.columns)),
    style.dim(across(({ busy }) => (busy === undefined ? "" : `${busy.exceeding.length} of ${busy.intersections} over ${busy.median.toFixed(1)}`))),
    ...upTo(busyRows, (i) => across(({ busy }) => busyLine(busy?.exceeding[i]))),
    "",
    style.bold(fit(delayLine(view), size.columns)),
    style.bold(fit(alarmLine(view), size.columns)),
    "",
    style.dim(fit(`Ctrl-C stops; npm start goes on from there. Data: ${view.data}`, size.columns)),
  ];
  return lines.slice(0, size.rows);
}

/** One line for where there is no screen. */
export function plainLine(view: View): string {
  const [{ length, newest, busy }] = watched(view) as [Watched];
  const parts = [`${counted(view.readings)} readings, ${counted(view.rate)}/s`];
  if (view.time !== undefined) parts.unshift(dayAndTime(view.time));
  if (newest !== undefined) parts.push(`fastest in ${length}: ${best(newest, 3)}`);
  if (busy !== undefined) parts.push(`busier than the city: ${busy.exceeding.length} of ${busy.intersections}`);
  const delay = latestDelay(view);
  if (delay !== undefined) parts.push(`delay ${delay.controlled.toFixed(1)} s, fixed ${delay.fixed.toFixed(1)} s`);
  if (view.alarms.length > 0) parts.push(`${view.alarms.length} broken ${view.alarms.length === 1 ? "lamp" : "lamps"}`);
  if (view.late + view.dead > 0) parts.push(`${counted(view.late)} late, ${counted(view.dead)} dead`);
  return parts.join(" | ");
}

const TOP = 10;
/** All lines but those of rankings, of the windows before, and of busy intersections. */
const FIXED_LINES = 13;
const GAP = 2;
const NARROWEST = 24;
const WIDEST = 48;
const NAMES = { "15m": "15 minutes", "1h": "1 hour", "24h": "24 hours" };

function status({ intersections, speed, rate, readings, late, dead }: View): string {
  const pace = speed === Infinity ? "as fast as it can" : `${speed}x`;
  const parts = [`${counted(intersections)} intersections`, pace, `${counted(rate)} readings/s`, `${counted(readings)} so far`, `${counted(late)} late`];
  if (dead > 0) parts.push(`${counted(dead)} dead`);
  return parts.join(", ");
}

function heading({ length, newest }: Watched, now: number | undefined): string {
  if (newest === undefined) return NAMES[length];
  const { window } = newest[0];
  return `${NAMES[length]} ${span(window)}${now !== undefined && window.end <= now ? ", final" : ""}`;
}

function finished({ before }: Watched): string {
  return before === undefined ? "" : `before: ${span(before[0].window)}, final`;
}

function span({ start, end }: { readonly start: number; readonly end: number }): string {
  const [from, to] = [start, end].map((time) => clock(time).slice(0, 5));
  return from === to ? day(start) : `${from} to ${to}`;
}

function rankedLine(rows: Ranking | undefined, i: number, width: number): string {
  const row = rows?.[i];
  if (row === undefined) return "";
  const text = `${String(row.rank).padStart(2)}  ${row.intersection.padEnd(6)} ${row.speed.toFixed(2).padStart(6)}`;
  return width < 36 ? text : `${text}   ${counted(row.readings).padStart(7)} readings`;
}

function busyLine(one: { readonly intersection: string; readonly median: number } | undefined): string {
  return one === undefined ? "" : `    ${one.intersection.padEnd(6)} ${one.median.toFixed(1).padStart(6)}`;
}

function delayLine(view: View): string {
  const latest = latestDelay(view);
  if (latest === undefined) return "Lights follow fixed timing until there is a quarter to follow";
  const { window, controlled, fixed } = latest;
  const less = fixed > 0 ? `, ${Math.round((1 - controlled / fixed) * 100)}% less` : "";
  return `A vehicle stood ${controlled.toFixed(1)} s, under fixed timing ${fixed.toFixed(1)} s${less} (${span(window)})`;
}

function alarmLine({ alarms }: View): string {
  const shown = alarms.map(({ intersection, approach, lamp }) => `${intersection} ${approach} ${lamp}`).join(", ");
  return alarms.length === 0 ? "No broken lamps" : `${counted(alarms.length)} broken ${alarms.length === 1 ? "lamp" : "lamps"}: ${shown}`;
}

function best(rows: Ranking, count: number): string {
  return rows.slice(0, count).map(({ intersection, speed }) => `${intersection} ${speed.toFixed(1)}`).join(", ");
}

function upTo(count: number, line: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => line(i));
}

function dayAndTime(time: number | undefined): string {
  return time === undefined ? "" : `${day(time)} ${clock(time)}`;
}

function day(time: number): string {
  return new Date(time).toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
}

function ends(left: string, right: string, width: number): string {
  return fit(left.padEnd(Math.max(0, width - right.length)) + right, width);
}

function fit(text: string, width: number): string {
  return text.length > width ? text.slice(0, width) : text.padEnd(width);
}
