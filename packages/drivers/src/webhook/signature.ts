import { createHmac } from "node:crypto";
import { MillraceError } from "@millrace/core";

/** Makes the headers that sign a request. */
export type Signer = (id: string, timestamp: number, body: string) => Readonly<Record<string, string>>;

/**
 * Signs as Standard Webhooks 1.0 says: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
 * `secret` is "whsec_" and 24 to 64 bytes in base64; throws MILLRACE_USAGE for another one.
 */
export function signer(secret: string, where: string): Signer {
  const [, text = ""] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const key = Buffer.from(text, "base64");
  if (key.length < 24 || key.length > 64) {
    throw new MillraceError("MILLRACE_USAGE", where, 'its secret must be "whsec_" and 24 to 64 random bytes in base64');
  }
  return (id, timestamp, body) => ({
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
  });
}
