import { MillraceError } from "../errors.ts";

type Part = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

/** A length of time: milliseconds, or text such as `"90s"`, `"15m"`, `"1h30m"`, `"2d"`, `"250ms"`, of up to three parts. */
export type Duration = number | Part | `${Part}${Part}` | `${Part}${Part}${Part}`;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration. Throws MILLRACE_USAGE, naming `what`, unless it is finite and not negative. */
export function milliseconds(duration: Duration, what: string): number {
  const value = typeof duration === "number" ? duration : typeof duration === "string" ? parse(duration) : Number.NaN;
  if (!(value >= 0 && Number.isFinite(value))) {
    throw new MillraceError(
      "MILLRACE_USAGE",
      what,
      `${JSON.stringify(duration)} is not a duration; write milliseconds or text such as "250ms", "10s", "15m", "1h30m", "2d"`,
    );
  }
  return value;
}

/** The shortest text of a duration, e.g. `900000` is `"15m"`. */
export function durationText(value: number): string {
  if (value === 0) return "0ms";
  if (!Number.isFinite(value)) return "for ever";
  let rest = value;
  let text = "";
  for (const [unit, size] of [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1_000]] as const) {
    const whole = Math.floor(rest / size);
    if (whole > 0) text += `${whole}${unit}`;
    rest -= whole * size;
  }
  return rest > 0 ? `${text}${rest}ms` : text;
}

function parse(text: string): number {
  const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy;
  let total = 0;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    total += Number(match[1]) * (UNITS[match[2] ?? ""] ?? Number.NaN);
    end = part.lastIndex;
  }
  return end === text.length && end > 0 ? total : Number.NaN;
}
