/**
 * Rates as operators and plugins write them: `10/s`, `5000/h`, `1/3s`, `100/5m`, `0.2/s`.
 *
 * @module
 */

/** At most `limit` starts in any `perMs` milliseconds. */
export interface RateWindow {
  /** Starts a window; a whole number, at least 1. */
  readonly limit: number;
  /** Length of the window in milliseconds; a whole number, at least 1. */
  readonly perMs: number;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

const RATE = /^(\d+(?:\.\d+)?)\s*\/\s*(\d+)?\s*([a-z]+)$/i;

/**
 * Reads a rate: a count, a slash, and a period of `ms`, `s`, `m`, `h` or `d` with an optional number before it.
 * A count that is no whole number states a spacing: `0.2/s` is one each 5 seconds, `2.5/s` one each 400 ms
 * (rounded up to a millisecond, so that the rate written is never exceeded).
 *
 * @throws {RangeError} If `text` is no rate; the message says what would be right.
 */
export function parseRate(text: string): RateWindow {
  const [, countText, numberText = "1", unit = ""] = RATE.exec(text.trim()) ?? [];
  if (countText === undefined) throw unreadable(text, "it is not a count, a slash and a period");
  const unitMs = Object.hasOwn(UNITS_MS, unit.toLowerCase()) ? UNITS_MS[unit.toLowerCase()] : undefined;
  if (unitMs === undefined) throw unreadable(text, `the unit "${unit}" is not one of ms, s, m, h, d`);
  const count = Number(countText);
  const periodMs = Number(numberText) * unitMs;
  if (count === 0) throw unreadable(text, "the count is 0");
  if (periodMs === 0) throw unreadable(text, "the period is 0");
  const window = Number.isInteger(count)
    ? { limit: count, perMs: periodMs }
    : { limit: 1, perMs: Math.ceil(periodMs / count) };
  if (!Number.isSafeInteger(window.limit) || !Number.isSafeInteger(window.perMs)) {
    throw unreadable(text, "a number in it is too large");
  }
  return window;
}

/** Whether {@linkcode parseRate} reads `text`. */
export function isRate(text: string): boolean {
  try {
    parseRate(text);
    return true;
  } catch {
    return false;
  }
}

/** Writes a rate as {@linkcode parseRate} reads it, with the largest unit that needs no fraction. */
export function formatRate(window: RateWindow): string {
  for (const [unit, unitMs] of Object.entries(UNITS_MS)) {
    if (window.perMs % unitMs !== 0) continue;
    const number = window.perMs / unitMs;
    return `${window.limit}/${number === 1 ? "" : number}${unit}`;
  }
  throw new RangeError(
    `Cannot write a rate: the period ${window.perMs} is not a whole number of milliseconds`,
  );
}

function unreadable(text: string, why: string): RangeError {
  return new RangeError(
    `Cannot read the rate "${text}": ${why}; right would be "10/s", "1/3s", "100/5m", "5000/h" or "0.2/s"`,
  );
}
