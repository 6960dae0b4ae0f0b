/**
 * Dates as HTTP writes them.
 *
 * @module
 */

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** `Sun, 06 Nov 1994 08:49:37 GMT`: the form that all senders should use. */
const IMF_FIXDATE =
  /^(?:mon|tue|wed|thu|fri|sat|sun), (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) gmt$/i;

/** `Sunday, 06-Nov-94 08:49:37 GMT`: obsolete, with a year of two digits. */
const RFC_850 =
  /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) gmt$/i;

/** `Sun Nov  6 08:49:37 1994`: what C's `asctime()` gives; in UTC. */
const ASCTIME =
  /^(?:mon|tue|wed|thu|fri|sat|sun) (?<month>[a-z]{3}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/i;

/**
 * Reads an HTTP-date in any of the three forms of RFC 9110 §5.6.7, letters in either case. The name of the
 * weekday is not held against the date: servers that write it wrongly still mean the date.
 *
 * @param nowMs Decides the century of a year of two digits: one that seems more than 50 years ahead is past.
 * @returns Milliseconds since the epoch, or `null` if `text` is no such date.
 */
export function parseHttpDate(text: string, nowMs: number): number | null {
  const trimmed = text.trim();
  const match = IMF_FIXDATE.exec(trimmed) ?? RFC_850.exec(trimmed) ?? ASCTIME.exec(trimmed);
  const { day = "", month = "", year = "", time = "" } = match?.groups ?? {};
  const monthIndex = MONTHS.indexOf(month.toLowerCase());
  const [hours = NaN, minutes = NaN, seconds = NaN] = time.split(":").map(Number);
  // A leap second is the 60th; Date carries it over into the next minute.
  if (monthIndex < 0 || hours > 23 || minutes > 59 || seconds > 60) return null;
  const fullYear = year.length === 2 ? centuryOf(Number(year), nowMs) : Number(year);
  const date = new Date(0);
  date.setUTCFullYear(fullYear, monthIndex, Number(day));
  if (date.getUTCDate() !== Number(day)) return null;
  return date.setUTCHours(hours, minutes, seconds);
}

function centuryOf(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - thisYear % 100 + twoDigits;
  if (year > thisYear + 50) return year - 100;
  return year <= thisYear - 50 ? year + 100 : year;
}
