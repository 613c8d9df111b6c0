import { createHash } from "node:crypto";
import type { SinkRow } from "@millrace/core";
import { jsonText } from "@millrace/core/internal";

/** A request to be: the same rows make the same one, whenever it is made. */
export interface Delivery {
  /** Names it, for idempotency and signature. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A row alone: its JSON, with what is known of it in headers. */
export function rowRequest({ key, value, time, change }: SinkRow<unknown>): Delivery {
  const headers = {
    "content-type": "application/json",
    "idempotency-key": key,
    "millrace-change": change,
    "millrace-time": new Date(time).toISOString(),
  };
  return { key, headers, body: jsonText(value) };
}

/** Rows as a batch of CloudEvents 1.0, of the source `/sinks/NAME` and the types millrace.insert, .update and .delete. */
export function batchRequest(name: string, rows: readonly SinkRow<unknown>[]): Delivery {
  const events = rows.map(({ key, value, time, change }) => {
    const attributes = { specversion: "1.0", id: key, source: `/sinks/${name}`, type: `millrace.${change}`, time: new Date(time).toISOString(), datacontenttype: "application/json" };
    return `${JSON.stringify(attributes).slice(0, -1)},"data":${jsonText(value)}}`;
  });
  const hash = createHash("sha256");
  for (const { key } of rows) hash.update(`${key.length} ${key}`);
  const key = hash.digest("base64url");
  return { key, headers: { "content-type": "application/cloudevents-batch+json", "idempotency-key": key }, body: `[${events.join(",")}]` };
}
