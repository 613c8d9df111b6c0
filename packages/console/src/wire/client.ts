/** What the server answered in place of a result: RFC 9457 problem details. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, code: string | undefined, message: string) {
    super(message);
    this.name = "Problem";
    this.status = status;
    this.code = code;
  }
}

const TOKEN = "millrace-token";

/** The token that a server beyond this machine asks for; kept for this tab only. */
export function giveToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

/** Calls the server; throws Problem where it refuses, and where it cannot be reached. */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = sessionStorage.getItem(TOKEN);
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(`/v1/${path}`, { ...init, headers });
  } catch (cause) {
    throw Object.assign(new Problem(0, undefined, "the server cannot be reached"), { cause });
  }
  if (response.ok) return response;
  const told = (await response.json().catch(() => ({}))) as { readonly code?: string; readonly title?: string; readonly detail?: string };
  throw new Problem(response.status, told.code, told.detail ?? told.title ?? response.statusText);
}

export async function get<T>(path: string): Promise<T> {
  return (await (await call(path)).json()) as T;
}

export async function send(method: "PUT" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<void> {
  await call(path, body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } });
}
