/**
 * When a failed job is tried again.
 *
 * @module
 */

import type { Random } from "../model/ports.ts";

/** How often and how soon failed jobs are tried again. */
export interface RetryPolicy {
  /** Attempts in all, the first one included; at least 1. */
  readonly maxAttempts: number;
  /** Delay after the first failure; it doubles with each further one. */
  readonly backoffMs: number;
  /** A uniform random delay up to this is added, so that jobs that failed together do not return together. */
  readonly jitterMs: number;
}

/** No delay grows beyond a day. */
const MAX_BACKOFF_MS = 86_400_000;

/**
 * The delay before the next attempt: `backoffMs × 2^(attempts − 1)`, at most a day, plus jitter.
 *
 * @param attempts Attempts that have failed, at least 1.
 * @returns Milliseconds, whole.
 */
export function backoffDelayMs(policy: RetryPolicy, attempts: number, random: Random): number {
  const exponential = Math.min(policy.backoffMs * 2 ** (attempts - 1), MAX_BACKOFF_MS);
  return Math.round(exponential + random.next() * policy.jitterMs);
}
