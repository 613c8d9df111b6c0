import type { Colour, Meaning } from "../wire/types.ts";
import { at, words, type Row } from "./paths.ts";

type AnyColour = Colour<Record<string, unknown>>;

const MEANINGS: Readonly<Record<Meaning, string>> = { good: "#2b8a3e", fair: "#e8a20c", bad: "#d6336c", neutral: "#868e96" };

/** Seven steps from bad to good that stay apart for red-green blindness: magenta, yellow, teal. */
const SCALE = ["#c2255c", "#e0567f", "#f0a35e", "#f2d45c", "#a9cf6a", "#4fb286", "#0b8793"] as const;

export const LIGHTS: Readonly<Record<string, string>> = { green: "#2f9e44", amber: "#f08c00", red: "#e03131" };

/** The colour of a row's place: by its words or along the scale; grey where it has no such value. */
export function colourOf(row: Row, colour: AnyColour | undefined): string {
  if (colour === undefined) return "#1c7ed6";
  const value = at(row, colour.field);
  if ("values" in colour) return MEANINGS[colour.values[words(value)] ?? "neutral"];
  if (typeof value !== "number" || !Number.isFinite(value)) return MEANINGS.neutral;
  const share = (value - colour.bad) / (colour.good - colour.bad);
  return SCALE[Math.max(0, Math.min(SCALE.length - 1, Math.floor(share * SCALE.length)))] ?? MEANINGS.neutral;
}

/** Lines of one chart, in order; distinct also by their lightness. */
export const LINES = ["#1c7ed6", "#e8590c", "#2b8a3e", "#9c36b5", "#c2255c", "#5c940d"] as const;
