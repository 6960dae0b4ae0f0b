/**
 * How fast hosts need to be.
 *
 * @module
 */

import type { GroupBook } from "../limits/mod.ts";

/** Groups whose remaining time is this close to the longest are the ones that everybody waits for. */
const NEARLY_LATEST = 0.98;

/**
 * Tells each group under adaptive control how fast it needs to be. The group with the most work left for its rate
 * decides when all is done; only such a group gains by trying to go faster, and every try risks a refusal. The others
 * need to be just fast enough to be done at the same time.
 *
 * @param backlogOf How many jobs wait for a group.
 */
export function pace(book: GroupBook, backlogOf: (group: string) => number): void {
  const groups = [...book.paced()].map(({ group, intervalMs, inFlight }) => {
    const backlog = backlogOf(group.name) + inFlight;
    return { group, backlog, remainingMs: backlog * intervalMs };
  });
  const latestMs = groups.reduce((most, { remainingMs }) => Math.max(most, remainingMs), 0);
  for (const { group, backlog, remainingMs } of groups) {
    const decides = remainingMs >= latestMs * NEARLY_LATEST;
    group.neededPerSecond = decides ? Infinity : backlog / latestMs * 1000;
  }
}
