import { InvalidArgumentError, Option } from "commander";
import type { InstanceLimits } from "../app/instance-limits.ts";
import { usage } from "../say.ts";

/** One `--instances`: of all, or with a name of a stage or workflow. */
export interface GivenInstances {
  readonly name: string | undefined;
  readonly min: number;
  readonly max: number;
}

const MOST = 64;

/** `--instances N`, `MIN..MAX`, `NAME=N` or `NAME=MIN..MAX`, repeatable. */
export function instancesOption(): Option {
  return new Option(
    "--instances <n>",
    "worker threads that share the work: n, or min..max by what there is to do; NAME=min..max gives a stage or workflow its own (repeatable; default: none, all runs in the main thread)",
  ).argParser<readonly GivenInstances[] | undefined>((text, before) => [...(before ?? []), parse(text)]);
}

/** What several of them say together: with limits of stages, how many there may be in all. Throws MILLRACE_USAGE where that is missing, or said twice. */
export function instancesOf(given: readonly GivenInstances[] = []): number | InstanceLimits | undefined {
  if (given.length === 0) return undefined;
  const [all, ...more] = given.filter(({ name }) => name === undefined);
  if (all === undefined) throw usage("--instances", "say how many there may be in all too: --instances 4");
  if (more.length > 0) throw usage("--instances", "is given twice without a name");
  const stages = given.flatMap(({ name, min, max }) => (name === undefined ? [] : [[name, { min, max }] as const]));
  const twice = stages.find(([name], i) => stages.some(([other], j) => j < i && other === name));
  if (twice !== undefined) throw usage(`--instances ${twice[0]}`, "is given twice");
  if (stages.length === 0) return all.min === all.max ? all.max : { min: all.min, max: all.max };
  return { max: all.max, min: all.min === all.max ? 0 : all.min, stages: Object.fromEntries(stages) };
}

function parse(text: string): GivenInstances {
  const [, name, least, most] = /^(?:(.+)=)?(?:(\d+)\.\.)?(\d+)$/.exec(text) ?? [];
  const max = Number(most);
  const min = least === undefined ? max : Number(least);
  if (max >= 1 && max <= MOST && min <= max) return { name, min, max };
  throw new InvalidArgumentError(`Give a whole number from 1 to ${MOST}, a range such as 0..4, or a stage's: NAME=0..2.`);
}
