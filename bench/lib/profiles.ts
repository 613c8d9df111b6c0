import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { repositoryRoot } from "./process.ts";

/** One function of one thread: the time it took itself. */
export interface Cost {
  readonly place: string;
  readonly milliseconds: number;
  readonly share: number;
}

export interface ThreadProfile {
  readonly name: string;
  readonly seconds: number;
  /** Seconds in which the thread had nothing to do. */
  readonly idleSeconds: number;
  readonly costs: readonly Cost[];
}

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Reads the profiles that `node --cpu-prof` left in a folder, one a thread: self time by function, largest first. */
export function readProfiles(folder: string): readonly ThreadProfile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .map((name) => summarize(name, JSON.parse(readFileSync(join(folder, name), "utf8")) as CpuProfile))
    .toSorted((a, b) => b.seconds - b.idleSeconds - (a.seconds - a.idleSeconds));
}

function summarize(name: string, { nodes, samples, timeDeltas }: CpuProfile): ThreadProfile {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const self = new Map<string, number>();
  let total = 0;
  samples.forEach((id, i) => {
    const place = places.get(id) ?? "?";
    const time = Math.max(0, timeDeltas[i] ?? 0) / 1000;
    total += time;
    self.set(place, (self.get(place) ?? 0) + time);
  });
  const idle = self.get("(idle)") ?? 0;
  const busy = total - idle;
  const costs = [...self]
    .filter(([place]) => place !== "(idle)")
    .map(([place, milliseconds]) => ({ place, milliseconds, share: milliseconds / busy }))
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
  return { name, seconds: total / 1000, idleSeconds: idle / 1000, costs };
}

function placeOf({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const path = url.startsWith("file:") ? relative(repositoryRoot, fileURLToPath(url)) : url;
  return `${name} ${path}:${lineNumber + 1}`;
}
