import type { IncomingMessage } from "node:http";
import { readBody, type BodyRoom } from "./body.ts";
import { RequestProblem } from "./problem.ts";
import { unpack } from "./unpack.ts";

/** JSON is read as a whole, into objects that take many times its length. */
const LONGEST_JSON = 8 * 1024 * 1024;

/** The value of a JSON body. Throws 400 where it is none, and 413 where it has more than 8 MiB. */
export function parseJson(body: Buffer): unknown {
  if (body.length > LONGEST_JSON) {
    throw new RequestProblem(413, "MILLRACE_USAGE", "request body", `has ${body.length} bytes of JSON, and at most ${LONGEST_JSON} are read at once; send NDJSON, or several requests`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RequestProblem(400, "MILLRACE_DECODE", "request body", `is no JSON in UTF-8: ${reason}`, { cause: error });
  }
}

/** Reads a request whose body is JSON. Throws 415 for another content type: so no form of a foreign page is taken for one. */
export async function readJson(request: IncomingMessage, room: BodyRoom): Promise<unknown> {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new RequestProblem(415, "MILLRACE_USAGE", `content type ${JSON.stringify(type.slice(0, 100))}`, "is not taken here; send application/json");
  }
  const account = room.open();
  try {
    return parseJson(await unpack(await readBody(request, account), request.headers["content-encoding"], account));
  } finally {
    account.close();
  }
}
