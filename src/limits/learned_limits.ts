/**
 * What one answer tells of limits.
 *
 * @module
 */

import type { RateWindow } from "../model/rate.ts";

/** A budget in the API's own units (OpenAlex has counted credits and dollars), as far as one answer tells of it. */
export interface LearnedBudget {
  /** What is left of it. */
  readonly remaining?: number;
  /** What this answer cost. */
  readonly cost?: number;
}

/** What one answer tells of limits; a field that is absent was not told. */
export interface LearnedLimits {
  /** Whether the answer refuses the request because a limit was passed, by status, header or message. */
  readonly limited: boolean;
  /** Rates that are told with their period. */
  readonly windows?: readonly RateWindow[];
  /** Requests left in the current period; with several periods, in the one that has the fewest left. */
  readonly remaining?: number;
  /** When that period ends, or the budget's if there is one; in milliseconds since the epoch, by our clock. */
  readonly resetAt?: number;
  /** Requests allowed at the same time. */
  readonly concurrency?: number;
  /** A budget beside or in place of the requests. */
  readonly budget?: LearnedBudget;
  /** How long the server asks to wait, in milliseconds from now on. */
  readonly retryAfterMs?: number;
}
