/** How often and when a call to the outside is tried again. */
export interface RetryPolicy {
  /** How often a call is made in all, at least once. */
  readonly attempts: number;
  /** Wait before the second attempt, doubled before each further one up to `max`, ms. */
  readonly backoff: number;
  readonly max: number;
  /** Whether each wait is somewhere between half and all of that. */
  readonly jitter: boolean;
  /** Whether trying again after this error is any use; absent: always. */
  readonly when: ((error: unknown) => boolean) | undefined;
}
