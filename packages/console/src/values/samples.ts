/** The latest samples of several series over one time line, the oldest dropped. Never changed: `with` makes a new one. */
export class Samples {
  readonly times: readonly number[];
  readonly series: ReadonlyMap<string, readonly (number | null)[]>;
  readonly #most: number;

  constructor(most: number, times: readonly number[] = [], series: ReadonlyMap<string, readonly (number | null)[]> = new Map()) {
    this.#most = most;
    this.times = times;
    this.series = series;
  }

  /** With what was measured at a time added; a series that has no value then, or had none before, has gaps there. */
  with(time: number, values: ReadonlyMap<string, number | null>): Samples {
    const from = this.times.length >= this.#most ? 1 : 0;
    const series = new Map<string, readonly (number | null)[]>();
    for (const name of new Set([...this.series.keys(), ...values.keys()])) {
      const before = this.series.get(name) ?? this.times.map(() => null);
      series.set(name, [...before.slice(from), values.get(name) ?? null]);
    }
    return new Samples(this.#most, [...this.times.slice(from), time], series);
  }
}
