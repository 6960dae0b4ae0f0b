/**
 * How fast hosts need to be.
 *
 * @module
 */

import type { GroupBook, LimitGroup } from "../limits/mod.ts";

/** Groups whose remaining time is this close to the longest are the ones that everybody waits for. */
const NEARLY_LATEST = 0.98;

/**
 * A group that needs so many times longer than the middle one of all, in all from when it had work, is left to itself: jobs
 * that could be done in a minute are not to be spread over the hours of a slow host. (39 hosts took 4.8 times longer beside
 * one that takes a request in five seconds when they waited for it.) Of the time that is left alone, the middle one's comes
 * close to nothing when it is nearly done, and everybody else would seem far behind.
 */
const FAR_BEHIND = 8;

/** A group whose remaining time is this share of the longest, or more, is late. */
const LATE = 0.25;

/** A group that has work, and the time that this takes. */
interface Paced {
  readonly group: LimitGroup;
  readonly backlog: number;
  readonly remainingMs: number;
  /** From when it had work until it will have none. */
  readonly totalMs: number;
}

/** Tells groups how fast they need to be; remembers since when each has had work. */
export class Pacer {
  #busySince: ReadonlyMap<LimitGroup, number> = new Map();

  /**
   * Tells each group under adaptive control how fast it needs to be. The group with the most work left for its rate
   * decides when all is done; only such a group gains by trying to go faster, and every try risks a refusal. The others
   * need to be just fast enough to be done at the same time.
   *
   * @param backlogOf How many jobs wait for a group.
   * @param now In milliseconds since the epoch.
   * @returns The groups that are late: workers that they lack now are lacking at the end.
   */
  pace(book: GroupBook, backlogOf: (group: string) => number, now: number): ReadonlySet<string> {
    const busy: Paced[] = [];
    const idle: LimitGroup[] = [];
    const busySince = new Map<LimitGroup, number>();
    for (const { group, perRequestMs, inFlight } of book.paced()) {
      const backlog = backlogOf(group.name) + inFlight;
      if (backlog === 0) idle.push(group);
      else {
        const since = this.#busySince.get(group) ?? now;
        busySince.set(group, since);
        const remainingMs = backlog * perRequestMs;
        busy.push({ group, backlog, remainingMs, totalMs: Math.max(0, now - since) + remainingMs });
      }
    }
    this.#busySince = busySince;
    for (const together of partsOf(busy)) {
      const latestMs = latestOf(together);
      for (const { group, backlog, remainingMs } of together) {
        const decides = remainingMs >= latestMs * NEARLY_LATEST;
        group.neededPerSecond = decides ? Infinity : backlog / latestMs * 1000;
      }
    }
    for (const group of idle) group.neededPerSecond = busy.length === 0 ? Infinity : 0;
    const lateMs = latestOf(busy) * LATE;
    return new Set(busy.flatMap(({ group, remainingMs }) => remainingMs >= lateMs ? [group.name] : []));
  }
}

function latestOf(groups: readonly Paced[]): number {
  return groups.reduce((latest, { remainingMs }) => Math.max(latest, remainingMs), 0);
}

/** The groups that belong together; those that are far behind the middle one belong together again. */
function partsOf(groups: readonly Paced[]): readonly (readonly Paced[])[] {
  const parts: Paced[][] = [];
  for (let rest = groups.toSorted((a, b) => a.totalMs - b.totalMs); rest.length > 0;) {
    const middleMs = rest[(rest.length - 1) >> 1]?.totalMs ?? 0;
    const isFar = ({ totalMs }: Paced) => totalMs > middleMs * FAR_BEHIND;
    parts.push(rest.filter((one) => !isFar(one)));
    rest = rest.filter(isFar);
  }
  return parts;
}
