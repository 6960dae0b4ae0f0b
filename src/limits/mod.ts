/**
 * Limits: how much may be asked of whom, and when.
 *
 * @module
 */

export { adapt, type AdaptiveInput, nextStartAt } from "./adaptive_rate.ts";
export {
  ADAPTIVE_DEFAULTS,
  type AdaptiveEvent,
  type AdaptiveOptions,
  type AdaptiveState,
  initialAdaptiveState,
} from "./adaptive_state.ts";
export type { BudgetUse, Charge, DailyBudget } from "./daily_budget.ts";
export { parseInFlight, type UnderWay } from "./in_flight.ts";
export { hostKey } from "./host_key.ts";
export { parseHttpDate } from "./http_date.ts";
export { type KeyedAcquireOptions, KeyedLimiter, type KeyedLimiterOptions } from "./keyed_limiter.ts";
export type { LearnedBudget, LearnedLimits } from "./learned_limits.ts";
export { readLimitHeaders } from "./limit_headers.ts";
export { parseRetryAfter, type RetryAfterOptions } from "./retry_after.ts";
export {
  type ConsumeOptions,
  TokenBucket,
  type TokenBucketOptions,
  type TokenBucketRate,
  type TokenBucketSnapshot,
} from "./token_bucket.ts";
export { GroupBook, type GroupBookOptions, type GroupView } from "./group_book.ts";
export {
  type AdaptiveStart,
  freshState,
  type GroupLimits,
  type GroupState,
  isIdleSince,
  type OperatorLimits,
  parseGroupState,
  withOperatorLimits,
} from "./group_state.ts";
export { LimitGroup, type Room } from "./limit_group.ts";
