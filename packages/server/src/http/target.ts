import { RequestProblem } from "./problem.ts";

/** What a request line names. */
export interface Target {
  /** The path as it was sent. */
  readonly path: string;
  /** Its segments, decoded. */
  readonly segments: readonly string[];
  /** Parameters by name; several of one name as a list. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
}

/** Takes a request's target apart. Throws 400 for what is no path, or is not percent-encoded UTF-8. */
export function parseTarget(url: string | undefined): Target {
  if (url === undefined || !url.startsWith("/") || url.length > LONGEST) throw bad("is no path of this server");
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  const segments = path.split("/").slice(1).map((segment) => decode(segment));
  const query = Object.create(null) as Record<string, string | string[]>;
  if (mark !== -1) {
    for (const [name, value] of new URLSearchParams(url.slice(mark + 1))) {
      const before = query[name];
      query[name] = before === undefined ? value : typeof before === "string" ? [before, value] : [...before, value];
    }
  }
  return { path, segments, query };
}

const LONGEST = 8192;

function decode(segment: string): string {
  try {
    const text = decodeURIComponent(segment);
    if (!text.includes("\0")) return text;
  } catch {
    // Told below.
  }
  throw bad(`has the segment ${JSON.stringify(segment.slice(0, 64))}, which is not percent-encoded UTF-8`);
}

function bad(message: string): RequestProblem {
  return new RequestProblem(400, "MILLRACE_USAGE", "request target", `${message}; write /v1/… with its parts percent-encoded`);
}
