/** The host's AbortSignal, by the type that the program knows it by. */
export type CallSignal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : MinimalSignal;

/** What is used of a signal where no host types are loaded. */
export interface MinimalSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
}
