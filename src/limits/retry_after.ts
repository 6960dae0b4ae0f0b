/**
 * `Retry-After`: how long a server asks not to be asked.
 *
 * @module
 */

import { parseHttpDate } from "./http_date.ts";

/** Options of {@linkcode parseRetryAfter}. */
export interface RetryAfterOptions {
  /** When the answer came, in milliseconds since the epoch. */
  readonly nowMs: number;
  /**
   * The answer's own `Date` field. A date in `Retry-After` is counted from it, so that a clock that differs
   * from the server's shortens no wait.
   */
  readonly date?: string | null;
}

/** What a number of seconds too large to count with stands for: 2^31 (as RFC 9111 §1.2.2 has it). */
const OVERFLOW_SECONDS = 2 ** 31;

const SECONDS = /^\d+(?:\.\d+)?$/;

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3), as a number of seconds or as a date. The wait is never shortened,
 * however long. Fractions of a second, which some servers send, are taken; of several
 * numbers, as a field that was sent twice gives, the largest counts.
 *
 * @param value The field's value; `null` where the answer has none.
 * @returns Milliseconds to wait from `nowMs` on, a whole number and 0 for a date that is past; `null` if there is no
 * value or it says nothing (negative, not a number, not a date).
 */
export function parseRetryAfter(value: string | null, options: RetryAfterOptions): number | null {
  if (value === null) return null;
  return secondsMs(value) ?? dateMs(value, options);
}

function secondsMs(value: string): number | null {
  const parts = value.split(",").map((part) => part.trim());
  if (!parts.every((part) => SECONDS.test(part))) return null;
  const seconds = Math.max(...parts.map(Number));
  return Math.ceil(Math.min(seconds, OVERFLOW_SECONDS) * 1000);
}

function dateMs(value: string, { nowMs, date }: RetryAfterOptions): number | null {
  const retryAt = parseHttpDate(value, nowMs);
  if (retryAt === null) return null;
  const answeredAt = (date && parseHttpDate(date, nowMs)) || nowMs;
  return Math.max(0, Math.ceil(retryAt - answeredAt));
}
