/**
 * How fast hosts need to be.
 *
 * @module
 */

import type { GroupBook } from "../limits/mod.ts";

/** Groups whose remaining time is this close to the longest are the ones that everybody waits for. */
const NEARLY_LATEST = 0.98;

/**
 * A group that needs so many times longer than the middle one of all is left to itself: jobs that could be done in a minute
 * are not to be spread over the hours of a slow host. (39 hosts took 4.8 times longer beside one that takes a request in
 * five seconds when they waited for it.)
 */
const FAR_BEHIND = 8;

/** A group whose remaining time is this share of the longest, or more, is late. */
const LATE = 0.25;

/**
 * Tells each group under adaptive control how fast it needs to be. The group with the most work left for its rate
 * decides when all is done; only such a group gains by trying to go faster, and every try risks a refusal. The others
 * need to be just fast enough to be done at the same time.
 *
 * @param backlogOf How many jobs wait for a group.
 * @returns The groups that are late: workers that they lack now are lacking at the end.
 */
export function pace(book: GroupBook, backlogOf: (group: string) => number): ReadonlySet<string> {
  const groups = [...book.paced()].map(({ group, intervalMs, inFlight }) => {
    const backlog = backlogOf(group.name) + inFlight;
    return { group, backlog, remainingMs: backlog * intervalMs };
  });
  const remaining = groups.map(({ remainingMs }) => remainingMs).filter((ms) => ms > 0)
    .sort((a, b) => a - b);
  const latestMs = latestOf(remaining);
  for (const { group, backlog, remainingMs } of groups) {
    const decides = remainingMs >= latestMs * NEARLY_LATEST;
    group.neededPerSecond = decides ? Infinity : backlog / latestMs * 1000;
  }
  const lateMs = Math.max(1, (remaining.at(-1) ?? 0) * LATE);
  return new Set(groups.flatMap(({ group, remainingMs }) => remainingMs >= lateMs ? [group.name] : []));
}

/** The longest of the times that belong together; they come in order. */
function latestOf(remainingMs: readonly number[]): number {
  const middleMs = remainingMs[(remainingMs.length - 1) >> 1] ?? 0;
  return remainingMs.findLast((ms) => ms <= middleMs * FAR_BEHIND) ?? 0;
}
