/**
 * The values that fields about limits hold: counts, windows and instants.
 *
 * @module
 */

import { parseHttpDate } from "./http_date.ts";
import type { RateWindow } from "../model/rate.ts";

/** When an answer came, by our clock and by its sender's. */
export interface Clocks {
  readonly nowMs: number;
  readonly serverNowMs: number;
}

/** Above this a reset is an instant in Unix seconds, below it seconds that are left: 10^9 was in 2001, or is 31 years. */
const FIRST_UNIX_SECOND = 1e9;
/** Above this it is an instant in Unix milliseconds. */
const FIRST_UNIX_MILLISECOND = 1e12;

/** A whole or decimal number of at least 0; of several, as a field sent twice gives, the least. */
export function count(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined) return undefined;
  const parts = text.split(",").map((part) => part.trim());
  if (!parts.every((part) => /^\d{1,15}(?:\.\d{1,9})?$/.test(part))) return undefined;
  return Math.min(...parts.map(Number));
}

/** At most one window: none where the field's numbers make no sense. */
export function asWindow(limit: number | undefined, perMs: number): readonly RateWindow[] {
  if (limit === undefined || limit < 1 || !(perMs >= 1) || !Number.isSafeInteger(Math.ceil(perMs))) return [];
  return [{ limit: Math.floor(limit), perMs: Math.ceil(perMs) }];
}

/** Reads when something ends: Unix seconds or milliseconds, seconds that are left, an HTTP-date or an ISO 8601 date. */
export function instant(text: string | null, { nowMs, serverNowMs }: Clocks): number | undefined {
  if (text === null) return undefined;
  const number = count(text);
  if (number !== undefined && number < FIRST_UNIX_SECOND) return nowMs + Math.ceil(number * 1000);
  const at = number === undefined
    ? parseHttpDate(text, nowMs) ?? isoDate(text)
    : number < FIRST_UNIX_MILLISECOND
    ? number * 1000
    : number;
  return at === null ? undefined : Math.ceil(nowMs + (at - serverNowMs));
}

function isoDate(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text.trim())) return null;
  const at = Date.parse(text.trim());
  return Number.isNaN(at) ? null : at;
}
