import { makeOnce, putDigits, putTimeOfDay, randomNumbers, writeRecords } from "./inputs.ts";

/** 115 bytes with the line end; seven fields, of which the workload reads three. */
const EVENT = '{"sensor":"sensor-00000","speed":00.0,"at":"2026-01-01T00:00:00.000Z","count":10,"status":"OK","road":"E45","a":0}';
const AT = { sensor: EVENT.indexOf("00000"), speed: EVENT.indexOf("00.0"), time: EVENT.indexOf("T00:") + 1, count: EVENT.indexOf("10,") };

export const EVENTS_PER_FILE = 9_000_000;
export const EVENT_BYTES: number = EVENT.length + 1;
export const SENSORS = 10_000;
/** Of event time; up to half a second out of order. */
const EVENTS_PER_SECOND = 100_000;
const DISORDER_MILLISECONDS = 500;

/**
 * Sensor events as NDJSON, in files of about 1 GB whose names are in the order of their times. Seeded
 * per file, so that a file does not depend on how many there are.
 */
export async function eventFiles(folder: string, files: number, say: (line: string) => void): Promise<readonly string[]> {
  const paths: string[] = [];
  for (let file = 0; file < files; file++) {
    const first = file * EVENTS_PER_FILE;
    const random = randomNumbers(20_260_101 + file * 7919);
    const name = `events-${EVENT_BYTES}-${String(file).padStart(2, "0")}.ndjson`;
    paths.push(
      await makeOnce(folder, name, say, (path) => {
        writeRecords(path, EVENT, EVENTS_PER_FILE, (bytes, at, record) => {
          const speed = random(1000);
          putDigits(bytes, at + AT.sensor, 5, random(SENSORS));
          putDigits(bytes, at + AT.speed, 2, 10 + Math.floor(speed / 10) % 90);
          putDigits(bytes, at + AT.speed + 3, 1, speed % 10);
          putTimeOfDay(bytes, at + AT.time, Math.max(0, Math.floor(((first + record) * 1000) / EVENTS_PER_SECOND) - random(DISORDER_MILLISECONDS)));
          putDigits(bytes, at + AT.count, 2, 10 + random(90));
        });
      }),
    );
  }
  return paths;
}

/** Windows of `seconds` that the files' events lie in. */
export function windowsOf(files: number, seconds: number): number {
  return Math.ceil((files * EVENTS_PER_FILE) / EVENTS_PER_SECOND / seconds);
}
