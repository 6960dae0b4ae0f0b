/**
 * What an answer's headers tell about the limits of whoever sent it.
 *
 * @module
 */

import { crossref, ietfRateLimit, openAlexBudget, type Told, xRateLimit } from "./_limit_dialects.ts";
import { type Clocks, instant } from "./_limit_values.ts";
import { parseHttpDate } from "./http_date.ts";
import type { LearnedLimits } from "./learned_limits.ts";
import { parseRetryAfter } from "./retry_after.ts";

/** Unpaywall says so with status 422, others with 400 or 503; the wording is that of the servers' sources. */
const LIMIT_MESSAGE = /too many (?:requests|(?:\S+ ){0,3}addresses)|rate[ -]?limit|slow ?down/i;

/**
 * Reads the limits that an answer tells of, in every dialect met among scholarly APIs:
 *
 * - Crossref: `X-Rate-Limit-Limit: 10` with `X-Rate-Limit-Interval: 1s`, and `X-Concurrency-Limit: 3`.
 * - GitHub's, used by Zenodo and others: `X-RateLimit-Limit`, `-Remaining`, `-Reset` (Unix seconds, or seconds left,
 *   told apart by magnitude; a date too); CORE: `X-RateLimit-Retry-After`, `X-RateLimitRemaining`.
 * - OpenAlex: the same for credits if `X-RateLimit-Credits-Used` stands beside them, and `-USD` for dollars.
 * - draft-ietf-httpapi-ratelimit-headers up to 06: `RateLimit-Limit: 10, 10;w=1, 1000;w=3600`, `-Remaining`, `-Reset`
 *   (seconds left; heroku's `ratelimit-*` are the same), `RateLimit-Policy: 100;w=60`; 07: `RateLimit: limit=100,
 *   remaining=50, reset=30`; since 08: `RateLimit: "default";r=50;t=30` and `RateLimit-Policy: "default";q=100;w=10`.
 * - `Retry-After` (RFC 9110 §10.2.3), on any answer but a 2xx, where it asks for no silence.
 *
 * Instants are counted from the answer's own `Date`, so that clocks may differ. What cannot be read is left out;
 * nothing throws.
 *
 * @param status The answer's status: 429 is a refusal; 402, 403 and 503 are if the headers say so; 400, 403, 422 and 503
 * if `message` does.
 * @param nowMs When the answer came, in milliseconds since the epoch.
 * @param message The message of an error body, where there is one.
 */
export function readLimitHeaders(
  headers: Headers,
  status: number,
  nowMs: number,
  message = "",
): LearnedLimits {
  const serverNowMs = parseHttpDate(headers.get("date") ?? "", nowMs) ?? nowMs;
  const clocks: Clocks = { nowMs, serverNowMs };
  const told: Told = {
    ...xRateLimit(headers, clocks),
    ...ietfRateLimit(headers, clocks),
    ...crossref(headers),
  };
  const budget = openAlexBudget(headers);
  if (budget !== undefined) {
    told.budget = budget;
    // With a budget, what remains are its credits and no requests.
    delete told.remaining;
  }
  const retryAfterMs = status >= 200 && status < 300 ? null : readRetryAfter(headers, clocks);
  if (retryAfterMs !== null) told.retryAfterMs = retryAfterMs;
  return { limited: isLimited(status, told, message), ...told };
}

function isLimited(status: number, told: Told, message: string): boolean {
  switch (status) {
    case 429:
      return true;
    case 402:
    case 403:
      return told.retryAfterMs !== undefined || told.remaining === 0 || told.budget?.remaining === 0 ||
        LIMIT_MESSAGE.test(message);
    case 503:
      return told.retryAfterMs !== undefined || LIMIT_MESSAGE.test(message);
    case 400:
    case 422:
      return LIMIT_MESSAGE.test(message);
    default:
      return false;
  }
}

function readRetryAfter(headers: Headers, clocks: Clocks): number | null {
  const { nowMs } = clocks;
  const waitMs = parseRetryAfter(headers.get("retry-after"), { nowMs, date: headers.get("date") });
  const core = instant(headers.get("x-ratelimit-retry-after"), clocks);
  if (core === undefined) return waitMs;
  return Math.max(waitMs ?? 0, core - nowMs, 0);
}
