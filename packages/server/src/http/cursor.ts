import { RequestProblem } from "./problem.ts";

/** Where a list goes on, as a text that a client gives back as it is. */
export function cursorText(place: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** The place of a cursor. Throws 400 for a text that this server never gave. */
export function placeOf(cursor: string, length: number): readonly unknown[] {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (Array.isArray(place) && place.length === length) return place;
  } catch {
    // Told below.
  }
  throw foreign();
}

/** The place of a cursor of whole numbers. */
export function numbersOf(cursor: string, length: number): readonly number[] {
  return placeOf(cursor, length).map((part) => {
    if (typeof part === "number" && Number.isSafeInteger(part) && part >= 0) return part;
    throw foreign();
  });
}

function foreign(): RequestProblem {
  return new RequestProblem(400, "MILLRACE_USAGE", "cursor", "is none of this list; give `next` of the answer before as it was, or begin again without it");
}
