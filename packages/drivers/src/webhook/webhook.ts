import { MillraceError, sink, type Duration, type RetryOptions, type Sink, type SinkRow } from "@millrace/core";
import { batchRequest, rowRequest, type Delivery } from "./delivery.ts";
import { signer } from "./signature.ts";

export interface WebhookOptions {
  /** Where rows are posted to: http or https. */
  readonly url: string;
  /**
   * "json" (default): a request a row, whose body is the row, with its idempotency key in the header
   * Idempotency-Key. "cloudevents": batches of CloudEvents 1.0, whose ids are those keys.
   */
  readonly format?: "json" | "cloudevents";
  /** Rows a request, of the format "cloudevents". Default 100. */
  readonly rows?: number;
  /** Added to each request, such as `{ authorization: "Bearer …" }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Signs each request as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature:
   * HMAC-SHA256): "whsec_" and at least 24 bytes in base64.
   */
  readonly secret?: string;
  /** Whether every change is sent, also provisional ones, not only final rows. Default false. */
  readonly changes?: boolean;
  /** Of one attempt. Default "30s". */
  readonly timeout?: Duration;
  /**
   * Default: 8 attempts, half a second to 30 s apart. Only what can get better is tried again: no answer,
   * 408, 425, 429 and 5xx. Rows that are given up go to the dead letters.
   */
  readonly retries?: RetryOptions;
}

/**
 * A sink that posts rows to a URL, in order and at least once: a repeat, after a lost answer or a crash,
 * carries the same idempotency key. `flow.….to(webhook("orders", { url }))`. Throws MILLRACE_USAGE for a
 * URL, secret or header that cannot be.
 */
export function webhook<T>(name: string, options: WebhookOptions): Sink<T> {
  const where = `webhook ${name}`;
  const { format = "json", rows = 100, changes = false, retries = {} } = options;
  const url = checkedUrl(options.url, where);
  const headers = checkedHeaders(options.headers ?? {}, where);
  const sign = options.secret === undefined ? undefined : signer(options.secret, where);
  return sink<T>(name, {
    changes,
    rows: format === "json" ? 1 : rows,
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
    retries: { attempts: 8, backoff: "500ms", max: "30s", when: isRetryable, ...retries },
    write: async (written: readonly SinkRow<T>[], { signal, attempt }) => {
      const delivery: Delivery = format === "json" ? rowRequest(written[0]) : batchRequest(name, written);
      const signature = sign?.(delivery.key, Math.floor(Date.now() / 1000), delivery.body) ?? {};
      await post({ url, where, signal, headers: { ...headers, ...delivery.headers, ...signature, "millrace-attempt": String(attempt) }, body: delivery.body });
    },
  });
}

interface Post {
  readonly url: URL;
  readonly where: string;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Resolves where the answer is 2xx. Throws MILLRACE_IO, retryable where another attempt may be answered otherwise. */
async function post({ url, where, signal, headers, body }: Post): Promise<void> {
  const target = `${url.origin}${url.pathname}`;
  let response: Response;
  try {
    // A redirect may lead anywhere, with the headers and the signature.
    response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
  } catch (error) {
    if (signal.aborted) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new MillraceError("MILLRACE_IO", where, `${target} did not answer: ${cause}`, { retryable: true, cause: error });
  }
  if (response.ok) {
    await response.body?.cancel();
    return;
  }
  const told = await beginning(response);
  const retryable = RETRYABLE.has(response.status) || response.status >= 500;
  if (retryable) await retryAfter(response.headers.get("retry-after"), signal);
  throw new MillraceError("MILLRACE_IO", where, `${target} answered ${response.status}${told === "" ? "" : `: ${told}`}`, { retryable });
}

/** Of 4xx: timed out, too early, too many. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);
/** How long an attempt waits where the endpoint says when to come again, ms; what is longer waits with the retries. */
const LONGEST_WAIT = 10_000;
const TOLD_CHARACTERS = 200;

function isRetryable(error: unknown): boolean {
  return !(error instanceof Error && "retryable" in error) || error.retryable === true;
}

/** The beginning of an answer's text, for whoever reads the dead letter. */
async function beginning(response: Response): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  const first = await reader?.read().catch(() => undefined);
  await reader?.cancel().catch(() => undefined);
  return first?.value === undefined ? "" : new TextDecoder().decode(first.value).slice(0, TOLD_CHARACTERS).trim();
}

/** Waits as long as the header says: seconds, or a date. */
function retryAfter(header: string | null, signal: AbortSignal): Promise<void> {
  if (header === null) return Promise.resolve();
  const seconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  if (!(seconds > 0)) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.min(seconds, LONGEST_WAIT));
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function checkedUrl(text: string, where: string): URL {
  if (URL.canParse(text)) {
    const url = new URL(text);
    if ((url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.password === "") return url;
  }
  throw new MillraceError("MILLRACE_USAGE", where, "its url must be an http or https URL without user and password; give those in `headers`");
}

function checkedHeaders(headers: Readonly<Record<string, string>>, where: string): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(new Headers(headers));
  } catch (error) {
    throw new MillraceError("MILLRACE_USAGE", where, `its headers cannot be sent: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
