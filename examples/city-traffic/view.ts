import { LENGTHS, type Alarm, type Busy, type Delay, type Length, type Ranked } from "./model.ts";

/** What a screen shows: the collections as they are now, and how fast it goes. */
export interface View {
  /** The city's time, epoch milliseconds; undefined before the first tick. */
  readonly time: number | undefined;
  readonly intersections: number;
  readonly speed: number;
  /** Readings since the start, and each second lately. */
  readonly readings: number;
  readonly rate: number;
  readonly late: number;
  readonly dead: number;
  /** The data folder, as a person would type it. */
  readonly data: string;
  readonly ranking: readonly Ranked[];
  readonly busy: readonly Busy[];
  readonly delays: readonly Delay[];
  /** Lamps that are broken. */
  readonly alarms: readonly Alarm[];
}

/** One window's rows by rank. */
export type Ranking = readonly [Ranked, ...Ranked[]];

/** Of each length the newest window and the one before it, where there are any. */
export interface Watched {
  readonly length: Length;
  readonly newest: Ranking | undefined;
  readonly before: Ranking | undefined;
  readonly busy: Busy | undefined;
}

export function watched({ ranking, busy }: View): readonly Watched[] {
  return LENGTHS.map((length) => {
    const windows = Map.groupBy(ranking.filter((row) => row.length === length), ({ window }) => window.start);
    const [newest, before] = [...windows].sort(([a], [b]) => b - a).map(([, rows]) => rows.sort((a, b) => a.rank - b.rank) as unknown as Ranking);
    const [newestBusy] = busy.filter((row) => row.length === length).sort((a, b) => b.window.start - a.window.start);
    return { length, newest, before, busy: newestBusy };
  });
}

/** The newest window that has been measured to its end, and else the one that fills. */
export function latestDelay({ time, delays }: View): Delay | undefined {
  const rows = delays.toSorted((a, b) => b.window.start - a.window.start);
  return rows.find(({ window }) => time !== undefined && window.end <= time) ?? rows[0];
}

/** 08:15:40, in UTC. */
export function clock(time: number): string {
  return new Date(time).toISOString().slice(11, 19);
}

/** 12,345 */
export function counted(count: number): string {
  return Math.round(count).toLocaleString("en");
}
