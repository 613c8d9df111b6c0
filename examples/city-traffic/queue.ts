import { mixed } from "./random.ts";

/** The vehicles of one approach that have not passed its light, between two ticks. */
export interface Queue {
  /** Between the sensor and the stop line. */
  waiting: number;
  /** Behind the sensor, because the road before it is full. */
  beyond: number;
  /** How much of the next vehicle the light has already let pass. */
  credit: number;
}

/** What an approach does to those who come, for a few seconds. */
export interface Road {
  /** Vehicles a second that come. */
  readonly arrivals: number;
  /** Vehicles a second that pass while the light is green. */
  readonly saturationFlow: number;
  /** How many have room between the sensor and the stop line. */
  readonly room: number;
  readonly cycle: number;
  /** Green from here to there in the cycle, s. */
  readonly greenFrom: number;
  readonly greenTo: number;
}

/** Which seconds of which cycle, and whose random numbers. */
export interface Span {
  /** Whole seconds from here to there; their numbers choose the random numbers of `place`. */
  readonly from: number;
  readonly to: number;
  /** Where in the cycle the first of them begins. */
  readonly position: number;
  readonly place: number;
}

/** What came of it, added up. */
export interface Passage {
  /** Vehicles that passed the sensor. */
  counted: number;
  /** Time that vehicles stood, vehicle-seconds: the integral of the queue. */
  waited: number;
}

/**
 * Lets some seconds pass. In each, vehicles come at random (Poisson, by inversion: Devroye 1986, chapter
 * X.3), roll over the sensor where there is room, and leave one after the other at saturation flow as long
 * as it is green. Changes the queue and adds to the passage.
 */
export function pass(queue: Queue, road: Road, { from, to, position: begin, place }: Span, passage: Passage): void {
  const { arrivals, saturationFlow, room, cycle, greenFrom, greenTo } = road;
  const nobody = Math.exp(-arrivals);
  let { waiting, beyond, credit } = queue;
  let position = begin;
  let counted = 0;
  let waited = 0;
  for (let second = from; second < to; second++) {
    const idle = waiting === 0;
    waited += (waiting + beyond) / 2;
    const chance = mixed(place, second) / 4_294_967_296;
    let probability = nobody;
    let below = nobody;
    for (let times = 1; chance > below && times < MOST_ARRIVALS; times++) {
      beyond++;
      probability *= arrivals / times;
      below += probability;
    }
    const rolling = Math.min(beyond, Math.max(0, room - waiting));
    beyond -= rolling;
    waiting += rolling;
    counted += rolling;
    const green = overlap(position, position + 1, greenFrom, greenTo) + overlap(position - cycle, position + 1 - cycle, greenFrom, greenTo);
    if (green > 0) {
      credit += saturationFlow * green;
      const leaving = Math.min(waiting, Math.floor(credit));
      waiting -= leaving;
      // An empty road saves up no more than the next vehicle's way.
      credit = waiting === 0 ? Math.min(1, credit - leaving) : credit - leaving;
    } else if (idle) {
      // The first who waits leaves on average half a headway after green begins.
      credit = Math.min(0.5, credit);
    }
    waited += (waiting + beyond) / 2;
    position += 1;
    if (position >= cycle) position -= cycle;
  }
  queue.waiting = waiting;
  queue.beyond = beyond;
  queue.credit = credit;
  passage.counted += counted;
  passage.waited += waited;
}

/** Where no probability is left to be told from 1. */
const MOST_ARRIVALS = 200;

function overlap(from: number, to: number, greenFrom: number, greenTo: number): number {
  return Math.max(0, Math.min(to, greenTo) - Math.max(from, greenFrom));
}
