/**
 * The routes that wait for closed groups.
 *
 * @module
 */

import type { Room } from "../limits/mod.ts";
import { WakeHeap } from "./wake_heap.ts";

/** How soon a group whose slots are taken is looked at if no news came: in case that some were lost. */
const SLOT_CHECK_MS = 5_000;

interface Line {
  readonly late: Set<string>;
  readonly others: Set<string>;
  lateIsNext: boolean;
}

/**
 * A route waits in the line of one closed group; of several that it needs at once, of the one that opens last. When the
 * group opens, by time or by news, as many routes are called up as it has room for and no more: thousands may wait for
 * the same resolver, each for its own host besides. Late routes and others are called in turn, each first come first served.
 */
export class WaitingRoutes {
  readonly #lines = new Map<string, Line>();
  readonly #openings = new WakeHeap();
  /** Groups with a line that may have room. */
  readonly #stirred = new Set<string>();

  /** When a group that is waited for is to be looked at; `null` when none is. */
  nextOpening(): number | null {
    return this.#openings.next();
  }

  /** Puts a route at the end of the line of a group that has no room; one that is in it keeps its place. */
  add(
    route: string,
    isLate: boolean,
    closed: { readonly group: string; readonly room: Room; readonly now: number },
  ): void {
    const { group, room, now } = closed;
    const line = this.#lines.get(group) ?? { late: new Set(), others: new Set(), lateIsNext: true };
    this.#lines.set(group, line);
    (isLate ? line.late : line.others).add(route);
    this.#lookAgain(group, room, now);
  }

  /** Notes that a group may have more room than before. */
  stir(group: string): void {
    if (this.#lines.has(group)) this.#stirred.add(group);
  }

  /** Notes the groups that are to be looked at by now. */
  wake(now: number): void {
    for (const group of this.#openings.takeDue(now)) this.stir(group);
  }

  /** Takes out the routes whose group has room for them now, of those groups that something was noted of. */
  callUp(now: number, roomOf: (group: string) => Room): string[] {
    const called: string[] = [];
    for (const group of this.#stirred) {
      const line = this.#lines.get(group);
      const room = roomOf(group);
      for (let left = room.count; left > 0 && !isEmpty(line); left--) called.push(first(line));
      if (room.count > 0 && !isEmpty(line)) continue;
      this.#stirred.delete(group);
      if (!isEmpty(line)) this.#lookAgain(group, room, now);
      else this.#forget(group);
    }
    return called;
  }

  #forget(group: string): void {
    this.#lines.delete(group);
    this.#openings.delete(group);
  }

  #lookAgain(group: string, { why, until }: Room, now: number): void {
    // Nobody knows when a slot comes free, but news of it comes at once, from another process too.
    this.#openings.set(group, why === "concurrency" ? now + SLOT_CHECK_MS : Math.max(now + 1, until));
  }
}

function isEmpty(line: Line | undefined): line is undefined {
  return !line || line.late.size + line.others.size === 0;
}

/** Takes out whose turn it is in a line that is not empty. */
function first(line: Line): string {
  const { late, others } = line;
  const from = others.size === 0 || (line.lateIsNext && late.size > 0) ? late : others;
  line.lateIsNext = from !== late;
  const [route = ""] = from;
  from.delete(route);
  return route;
}
