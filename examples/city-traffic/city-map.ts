import { DIRECTIONS, type Approach, type Direction, type Intersection, type Sensor } from "./intersection.ts";
import { mix, uniform } from "./random.ts";

export interface CityOptions {
  readonly seed: number;
  readonly intersections: number;
}

/** Intersections on a grid, each a little off its place; the busy and slow ones lie about the middle. The same options give the same city. */
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
      lostTime: LOST_TIME,
      approaches: approachesAt(place, central),
    };
  });
}

/** A sensor for each approach. */
export function sensorsOf({ id, approaches }: Intersection): readonly Sensor[] {
  return DIRECTIONS.filter((direction) => approaches[direction] !== undefined).map((direction) => ({ intersection: id, approach: direction }));
}

const CENTRE = { latitude: 56.157, longitude: 10.211 };
const METRES_PER_DEGREE = 111_320;
/** Between neighbouring intersections, metres. */
const BLOCK = 250;
/** Of one lane, vehicles an hour; the Highway Capacity Manual's 1,900 for an ideal one, less what a city takes. */
const LANE_FLOW = 1800;
/** Of two phases, s: the Highway Capacity Manual's 4 s a phase. */
const LOST_TIME = 8;

function approachesAt(place: number, central: number): Record<Direction, Approach> {
  // One of the two streets leads more traffic than the other.
  const main = uniform(place, 2) < 0.5 ? 0 : 1;
  const [north, east, south, west] = DIRECTIONS.map((_, d) => approach(mix(place, d), central, d % 2 === main));
  return { north, east, south, west };
}

function approach(place: number, central: number, main: boolean): Approach {
  const lanes = 1 + Math.floor(3 * uniform(place, 0));
  const saturationFlow = lanes * LANE_FLOW;
  // Of its saturation flow, at the busiest time: two streets together stay about below what a light can serve.
  const ratio = (main ? 0.28 : 0.16) + 0.12 * uniform(place, 1) + 0.12 * central;
  return { lanes, saturationFlow, freeSpeed: 74 - 26 * central + 8 * (uniform(place, 2) - 0.5), peakFlow: ratio * saturationFlow };
}

/** A, B, ..., Z, AA, AB, ... */
function letters(column: number): string {
  const last = String.fromCodePoint(65 + (column % 26));
  return column < 26 ? last : letters(Math.floor(column / 26) - 1) + last;
}
