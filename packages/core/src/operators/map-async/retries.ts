import { murmur2 } from "../../codec/murmur2.ts";
import { encodeUtf8 } from "../../codec/utf8.ts";
import type { RetryPolicy } from "../../graph/retry.ts";

/**
 * Milliseconds to wait after a failed attempt (1 for the first). With jitter it lies between half
 * and all of the exponential backoff, chosen by the call's key, so that calls that fail together
 * spread, and a run can be repeated exactly.
 */
export function backoffAfter(attempt: number, { backoff, max, jitter }: RetryPolicy, key: string): number {
  const whole = Math.min(max, backoff * 2 ** (attempt - 1));
  if (!jitter) return whole;
  const bytes = encodeUtf8(`${key}#${attempt}`);
  return whole / 2 + (whole / 2) * ((murmur2(bytes, 0, bytes.length) >>> 0) / 2 ** 32);
}
