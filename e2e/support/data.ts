import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface RealData {
  /** Absolute path of the file or folder asked for. */
  readonly path: string;
  /** For a test's options: false where the data is there, else the reason to show. */
  readonly skip: false | string;
}

/**
 * Finds real data for a test: `test(name, { skip: week.skip }, …)` with `week = realData("traffic/…")`.
 *
 * The folder is MILLRACE_DATA, by default `../shared/data` beside the repository. None of it is part
 * of the repository, so a test that lacks it is skipped, loudly. With MILLRACE_REQUIRE_DATA=1, which
 * `npm test` sets under CI=true, this throws instead, and the test file fails.
 */
export function realData(relativePath: string): RealData {
  const folder = process.env["MILLRACE_DATA"] || join(repositoryRoot, "..", "shared", "data");
  const path = join(resolve(repositoryRoot, folder), relativePath);
  if (existsSync(path)) return { path, skip: false };
  const reason = `real data is missing: ${relativePath}; set MILLRACE_DATA to the folder that holds it`;
  if (process.env["MILLRACE_REQUIRE_DATA"] === "1") throw new Error(reason);
  console.error(`SKIPPED, ${reason}`);
  return { path, skip: reason };
}
