/** A sum with what rounding lost beside it (Neumaier 1974): nearly independent of the order of additions and merges. */
export interface CompensatedSum {
  sum: number;
  lost: number;
}

export function emptySum(): CompensatedSum {
  return { sum: 0, lost: 0 };
}

export function addToSum(into: CompensatedSum, x: number): void {
  const sum = into.sum + x;
  into.lost += Math.abs(into.sum) >= Math.abs(x) ? into.sum - sum + x : x - sum + into.sum;
  into.sum = sum;
}

export function mergeSum(into: CompensatedSum, other: CompensatedSum): void {
  const lost = other.lost;
  addToSum(into, other.sum);
  into.lost += lost;
}

/** The sum; an overflow or an infinite summand gives what plain addition gives. */
export function sumOf(state: CompensatedSum): number {
  return Number.isFinite(state.sum) ? state.sum + state.lost : state.sum;
}

/** Count, mean and sum of squared distances from the mean, enough for a variance. */
export interface Moments {
  count: number;
  mean: number;
  m2: number;
}

export function emptyMoments(): Moments {
  return { count: 0, mean: 0, m2: 0 };
}

/** Welford's update. */
export function addToMoments(into: Moments, x: number): void {
  const delta = x - into.mean;
  into.count += 1;
  into.mean += delta / into.count;
  into.m2 += delta * (x - into.mean);
}

/** The pairwise update of Chan, Golub and LeVeque 1979. */
export function mergeMoments(into: Moments, other: Moments): void {
  if (other.count === 0) return;
  const count = into.count + other.count;
  const delta = other.mean - into.mean;
  into.m2 += other.m2 + delta * delta * ((into.count / count) * other.count);
  into.mean = into.count === 0 ? other.mean : into.mean + delta * (other.count / count);
  into.count = count;
}

/** Variance of the values themselves (divided by n); NaN for none. */
export function populationVariance(state: Moments): number {
  return state.m2 / state.count;
}

/** Unbiased estimate of the variance of what the values were drawn from (divided by n - 1); NaN for fewer than two. */
export function sampleVariance(state: Moments): number {
  return state.count < 2 ? Number.NaN : state.m2 / (state.count - 1);
}
