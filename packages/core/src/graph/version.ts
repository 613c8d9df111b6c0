import { MillraceError } from "../errors.ts";

/** What is said of the version of values that are kept as state. */
export interface VersionOptions<V> {
  /** A whole number from 1 on, to be raised whenever what is kept changes its shape or meaning. Default 1. */
  readonly version?: number;
  /**
   * Makes a value of an older version into one of this version; must not change what it is given. Runs
   * when state is loaded. Without it, state of an older version is refused.
   */
  migrate?(old: unknown, from: number): V;
}

/** A version, and the way to it from older ones; absent: there is none. */
export interface Version {
  readonly number: number;
  readonly migrate: ((old: unknown, from: number) => unknown) | undefined;
}

export const FIRST_VERSION: Version = { number: 1, migrate: undefined };

/** The version that options say. Throws MILLRACE_USAGE, naming `what`, for one that is no whole number from 1 on. */
export function versionOf(options: VersionOptions<unknown>, what: string): Version {
  const { version = 1 } = options;
  if (!(Number.isSafeInteger(version) && version >= 1)) {
    throw new MillraceError("MILLRACE_USAGE", what, `${version} is no version; count whole numbers from 1 on`);
  }
  return { number: version, migrate: options.migrate === undefined ? undefined : (old, from) => options.migrate?.(old, from) };
}
