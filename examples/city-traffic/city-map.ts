import { mix, uniform } from "./random.ts";

export const DIRECTIONS = ["north", "east", "south", "west"] as const;

/** One road that leads into an intersection. */
export interface Approach {
  readonly direction: (typeof DIRECTIONS)[number];
  readonly lanes: number;
  /** Vehicles an hour that would pass if the light were always green. */
  readonly saturationFlow: number;
  /** Share of the time in which its light is green. */
  readonly greenShare: number;
  /** Mean speed on the empty road, km/h. */
  readonly freeSpeed: number;
  /** Vehicles an hour at the busiest time of the day. */
  readonly peakFlow: number;
}

export interface Intersection {
  /** Its square on the map: column and row, as "C7". */
  readonly id: string;
  readonly latitude: number;
  readonly longitude: number;
  /** North, east, south, west. */
  readonly approaches: readonly Approach[];
}

export interface CityOptions {
  readonly seed: number;
  readonly intersections: number;
}

/** Intersections on a grid, each a little off its place; the busy and slow ones lie about the middle. The same seed gives the same city. */
export function cityMap({ seed, intersections }: CityOptions): readonly Intersection[] {
  const columns = Math.ceil(Math.sqrt(intersections));
  return Array.from({ length: intersections }, (_, i) => {
    const column = i % columns;
    const row = Math.floor(i / columns);
    const place = mix(seed, i);
    const east = (column - (columns - 1) / 2 + 0.5 * (uniform(place, 0) - 0.5)) * BLOCK;
    const south = (row - (columns - 1) / 2 + 0.5 * (uniform(place, 1) - 0.5)) * BLOCK;
    // 1 in the middle of the city, 0 at its edge.
    const central = Math.max(0, 1 - (2 * Math.hypot(east, south)) / (columns * BLOCK));
    return {
      id: `${letters(column)}${row + 1}`,
      latitude: CENTRE.latitude - south / METRES_PER_DEGREE,
      longitude: CENTRE.longitude + east / (METRES_PER_DEGREE * Math.cos((CENTRE.latitude * Math.PI) / 180)),
      approaches: DIRECTIONS.map((direction, d) => approach(direction, mix(place, d), central)),
    };
  });
}

/** Vehicles an hour that can pass an approach. */
export function capacityOf({ saturationFlow, greenShare }: Approach): number {
  return saturationFlow * greenShare;
}

const CENTRE = { latitude: 56.157, longitude: 10.211 };
const METRES_PER_DEGREE = 111_320;
/** Between neighbouring intersections, metres. */
const BLOCK = 250;
/** Of one lane, vehicles an hour; the Highway Capacity Manual's 1,900 for an ideal one, less what a city takes. */
const LANE_FLOW = 1800;
/** Two phases that share the cycle, less the time lost between them. */
const GREEN_SHARE = 0.45;

function approach(direction: Approach["direction"], place: number, central: number): Approach {
  const lanes = 1 + Math.floor(3 * uniform(place, 0));
  const saturationFlow = lanes * LANE_FLOW;
  const saturation = 0.4 + 0.7 * uniform(place, 1) + 0.3 * central;
  return {
    direction,
    lanes,
    saturationFlow,
    greenShare: GREEN_SHARE,
    freeSpeed: 74 - 26 * central + 8 * (uniform(place, 2) - 0.5),
    peakFlow: saturation * saturationFlow * GREEN_SHARE,
  };
}

/** A, B, ..., Z, AA, AB, ... */
function letters(column: number): string {
  const last = String.fromCodePoint(65 + (column % 26));
  return column < 26 ? last : letters(Math.floor(column / 26) - 1) + last;
}
