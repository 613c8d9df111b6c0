import { InvalidArgumentError, Option } from "commander";
import type { Output } from "../run/results.ts";
import { usage } from "../say.ts";

/** Gathers a repeatable option. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Parses a whole number of a range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number${most < Number.MAX_SAFE_INTEGER ? ` from ${least} to ${most}` : `, at least ${least}`}.`);
  };
}

/** Parses a size such as 200MB, 1.5GB or 500000 (bytes); K, M and G are thousands, millions and thousand millions. */
export function byteSize(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?) ?([kmg])?b?$/i.exec(text) ?? [];
  const bytes = Number(number) * (UNITS[unit.toLowerCase()] ?? 1);
  if (bytes >= 1) return Math.round(bytes);
  throw new InvalidArgumentError("Give a size such as 200MB or 1.5GB.");
}

const UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9 };

export function cutOption(): Option {
  return new Option("--cut <where>", "cut the workflow into stages: nowhere, where keys are shuffled, or at every operator").choices(["none", "shuffle", "every"]);
}

export function formatOption(): Option {
  return new Option("--format <format>", "format of inputs whose names do not tell it, such as standard input (default: ndjson there)").choices(["ndjson", "csv"]);
}

export function splitsOption(): Option {
  return new Option("--splits <what>", 'what of several files of an input is in the order of time: "one", all of them in name order (default), or "file", each by itself').choices(["one", "file"]);
}

/** Parses what divides columns: one character, or the word tab. */
export function delimiter(text: string): string {
  if (text === "tab" || text === "\\t") return "\t";
  if (text.length === 1 && text !== '"' && text.charCodeAt(0) < 128) return text;
  throw new InvalidArgumentError('Give one character such as ";", or tab.');
}

export function dataOption(): Option {
  return new Option("--data <dir>", "the data folder of millrace run --data or of start({ data })").makeOptionMandatory();
}

/** The folder that keeps state where none is named. */
export const DEFAULT_DATA = ".millrace";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function reportOption(): Option {
  return new Option("--report <format>", "print the figures of the run as the last line of standard output").choices(["json"]);
}

/** Splits NAME=PATH options; throws MILLRACE_USAGE where one is not of that form or comes twice. */
export function pairs(option: string, texts: readonly string[]): Output[] {
  const seen = new Set<string>();
  return texts.map((text) => {
    const at = text.indexOf("=");
    if (at <= 0 || at === text.length - 1) throw usage(`${option} ${text}`, `write ${option} NAME=PATH`);
    const name = text.slice(0, at);
    if (seen.has(name)) throw usage(`${option} ${name}`, "is given twice; several files of one topic are named by a glob");
    seen.add(name);
    return { name, path: text.slice(at + 1) };
  });
}
