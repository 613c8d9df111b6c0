/** One figure that a row measures. */
export interface FigureSpec {
  readonly name: string;
  readonly unit: "1/s" | "ms" | "bytes" | "s" | "rows" | "share";
  /** What the project has set itself; figures without one are shown for what they tell. */
  readonly goal?: { readonly atLeast: number } | { readonly below: number };
}

/** How a row is run. */
export interface Setting {
  /** Shorter runs over smaller inputs, for CI. */
  readonly quick: boolean;
  /** Worker threads; 0: none, all runs in the process' main thread. */
  readonly instances: number;
  /** Folder of generated inputs, kept between runs. */
  readonly inputs: string;
  /** An empty folder for what one run writes; removed after it. */
  readonly scratch: string;
  /** Arguments for Node itself, such as `--cpu-prof`. */
  readonly nodeOptions: readonly string[];
  readonly say: (line: string) => void;
}

/** What one run measured, by the figures' names; NaN where it could not. */
export type Measured = Readonly<Record<string, number>>;

/** One workload: what is run, and what is measured of it. */
export interface Row {
  readonly name: string;
  readonly what: string;
  readonly figures: readonly FigureSpec[];
  /** Whether `--quick` makes it easier, so that goals mean nothing there. */
  readonly easierWhenQuick?: boolean;
  /** Why it cannot be measured yet. */
  readonly missing?: string;
  /** Says what the input is, and makes it where it is not there. */
  prepare(setting: Setting): Promise<string>;
  /** One measured run. Throws where the answer is not what it must be. */
  run(setting: Setting): Promise<Measured>;
}

/** The command's arguments for so many worker threads. */
export function instancesArguments({ instances }: Setting): readonly string[] {
  return instances === 0 ? [] : ["--instances", String(instances)];
}
