import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { millrace, parseRows, repositoryRoot, run, temporaryFolder, type Ended } from "../cli/support.ts";

const start = join(repositoryRoot, "examples/city-traffic/start.ts");
/** A small city over the ends of many quarters and two hours. */
const CITY = ["--intersections", "30", "--hours", "2.2"];
const SENSORS = 30 * 4;
const TICKS = 396;

interface Kill {
  readonly signal: NodeJS.Signals;
  readonly after: number;
}

function city(args: readonly string[], kill?: Kill): Promise<Ended> {
  return run(process.execPath, ["--conditions=millrace-source", start, ...args], {
    during: (child) => {
      if (kill === undefined) return;
      child.stdout?.once("data", () => setTimeout(() => child.kill(kill.signal), kill.after));
    },
  });
}

async function rows(data: string, name: string): Promise<readonly Row[]> {
  const { code, stdout, stderr } = await millrace(["collections", "get", name, "--data", data]);
  assert.equal(code, 0, stderr);
  return parseRows<Row>(stdout);
}

interface Row {
  readonly length: string;
  readonly window: { readonly start: number; readonly end: number };
  readonly rank?: number;
  readonly readings?: number;
}

test("a city that is killed and resumed, slowly and in threads, ends with the same answers as an undisturbed one", async (t) => {
  const folder = temporaryFolder(t);
  const [undisturbed, killed] = [join(folder, "undisturbed"), join(folder, "killed")];
  const whole = await city([...CITY, "--speed", "max", "--data", undisturbed]);
  assert.equal(whole.code, 0, whole.stderr);
  assert.match(whole.stdout, new RegExp(`${(SENSORS * TICKS).toLocaleString("en")} readings.*\\nThe city has come to its end`));

  // Undisturbed it would take 13 s at this speed: no run comes to the end before its signal, on a busy machine either.
  const args = [...CITY, "--speed", "600", "--data", killed];
  let resumed = "";
  for (const kill of [{ signal: "SIGKILL", after: 1800 }, { signal: "SIGINT", after: 1000 }, { signal: "SIGKILL", after: 900 }] as const) {
    const { code, signal, stdout, stderr } = await city([...args, "--instances", resumed === "" ? "1" : "2"], kill);
    assert.deepEqual([code, signal], kill.signal === "SIGKILL" ? [null, "SIGKILL"] : [0, null], stdout + stderr);
    assert.match(stdout, resumed === "" ? /^Beginning a city/ : /^Going on with a city/);
    resumed += stdout;
  }
  assert.match(resumed, /Stopped at 06:\d\d:\d\d, the city's time\. Data: .*killed\nnpm start goes on from there/);
  const ended = await city([...args, "--speed", "max"]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /The city has come to its end at 08:11:40/);
  assert.doesNotMatch(ended.stdout, new RegExp(`${(SENSORS * TICKS).toLocaleString("en")} readings`), "it began anew");

  for (const name of ["rankings", "busy", "plans", "delays", "alarms", "intersections", "sensors"]) assert.deepEqual(await rows(killed, name), await rows(undisturbed, name), name);
  const day = (await rows(killed, "rankings")).filter(({ length }) => length === "24h");
  assert.deepEqual(day.map(({ rank, readings }) => [rank, readings]), Array.from({ length: 10 }, (_, i) => [i + 1, 4 * TICKS]));
  const quarters = (await rows(killed, "busy")).filter(({ length }) => length === "15m").map(({ window }) => new Date(window.start).toISOString().slice(11, 16));
  assert.deepEqual(quarters, ["08:00", "07:45"], "the last two windows of each length");
});

test("another seed is refused; --fresh empties the data folder and nothing beside it", async (t) => {
  const folder = temporaryFolder(t);
  const data = join(folder, "city");
  const options = ["--intersections", "4", "--hours", "0.1", "--speed", "max", "--data", data];
  assert.equal((await city(options)).code, 0);
  const other = await city([...options, "--seed", "2"]);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /a city of 4 intersections with seed 1, not from a city of 4 intersections with seed 2.*\nnpm start -- --fresh/);
  mkdirSync(join(folder, "beside"));
  writeFileSync(join(folder, "beside", "kept"), "");
  const fresh = await city([...options, "--seed", "2", "--fresh"]);
  assert.equal(fresh.code, 0, fresh.stderr);
  assert.match(fresh.stdout, /^Beginning a city of 4 intersections \(seed 2\)/);
  assert.ok(existsSync(join(folder, "beside", "kept")));
});

test("--fresh leaves a folder alone that is none of a city, or in which one runs", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "thesis.txt"), "years");
  const refused = await city(["--fresh", "--seconds", "1", "--data", folder]);
  assert.equal(refused.code, 2, refused.stdout);
  assert.match(refused.stderr, /is no data folder of a city/);
  assert.ok(existsSync(join(folder, "thesis.txt")));

  const data = join(folder, "city");
  let second: Promise<Ended> | undefined;
  const first = await run(process.execPath, ["--conditions=millrace-source", start, "--seconds", "3", "--data", data], {
    during: (child) =>
      child.stdout?.once("data", () => {
        second = city(["--fresh", "--data", data]);
      }),
  });
  assert.equal(first.code, 0, first.stderr);
  assert.equal((await second)?.code, 1);
  assert.match((await second)?.stderr ?? "", /MILLRACE_STORE_LOCKED/);
});

test("wrong options end with exit code 2, naming the option", async () => {
  for (const [args, message] of [
    [["--speed", "fast"], /--speed fast: must be a number above 0/],
    [["--intersections", "0"], /--intersections 0: must be a whole number from 1/],
    [["--colour"], /Unknown option '--colour'/],
  ] as const) {
    const { code, stderr } = await city(args);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
});
