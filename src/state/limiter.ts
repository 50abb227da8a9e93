/** So many in such a time. */
export interface Rate {
  /** In a period; at most one each microsecond. */
  readonly limit: number;
  /** Seconds. */
  readonly period: number;
  /** How many may come at once. */
  readonly burst: number;
}

/** What a limiter says of one request. Times are in seconds. */
export interface Take {
  readonly allowed: boolean;
  /** How many more may come now. */
  readonly remaining: number;
  /** Until the next one may come; 0 when it may now. */
  readonly wait: number;
  /** Until as many as ever may come at once. */
  readonly reset: number;
}

/**
 * Counts requests by key over all workers of a service. Spec G3. In cluster mode (spec H5) Redis counts for all machines,
 * and answers with a promise.
 */
export interface RateLimiter {
  /** Takes one of what `key` has at `rate`, if there is one. */
  take(key: string, rate: Rate): Take | Promise<Take>;
}
