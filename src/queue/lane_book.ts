/**
 * Which job is next: the one place where that is decided.
 *
 * Jobs that are ready wait in lanes. A lane is one route (what the job's next step needs: a resolver, a host),
 * one set (an import) and one priority; inside a lane the oldest job comes first. The dispatcher says how many
 * jobs of each route can start now; for each of them the book picks the lane:
 *
 * 1. Sets share a route evenly: each set counts what it was given on the route, and the set that was given least
 *    comes next, so that a set of 1,000 is not stuck behind a set of 1,000,000. A set that had nothing ready
 *    starts again at the least count of the others: idling earns no claim on the future.
 * 2. Within the set the lowest priority number comes first, less one for each `AGEING_MS` that a lane has waited
 *    unserved, so that no priority starves.
 *
 * The number of ready jobs of each lane is kept in the database in the same transaction as the jobs and mirrored
 * here, so a choice costs nothing that depends on how many jobs wait, nor on how many lanes are closed.
 *
 * @module
 */

/** A lane gains one priority for each such time without service. */
export const AGEING_MS = 60_000;

/** A lane's row. */
export interface LaneRow {
  /** The lane's number in the database. */
  readonly id: number;
  /** What the next step of its jobs needs. */
  readonly route: string;
  /** The number of the import that its jobs came with. */
  readonly setId: number;
  /** 0 is most urgent; 9 least. */
  readonly priority: number;
  /** Jobs that can be leased now. */
  readonly ready: number;
}

interface Lane {
  readonly id: number;
  readonly route: string;
  readonly setId: number;
  readonly priority: number;
  ready: number;
  /** When it was served last, or became ready after having been empty. */
  waitingSince: number;
}

interface Route {
  readonly lanes: Lane[];
  ready: number;
  /** Jobs given to each set, counted from where the set was let in. */
  readonly given: Map<number, number>;
  /** The count of the set that was served last: where a set begins that finds no other waiting. */
  clock: number;
}

/** The mirror of the lanes, and the choice among them. */
export class LaneBook {
  readonly #lanes = new Map<number, Lane>();
  readonly #routes = new Map<string, Route>();
  readonly #ids = new Map<string, number>();
  /** Routes on which jobs became ready since `takeStirred` was last called. */
  #stirred = new Set<string>();

  /** Takes over a row as it stands in the database. */
  put(row: LaneRow, now: number): void {
    const known = this.#lanes.get(row.id);
    if (known) return this.adjust(row.id, row.ready - known.ready, now);
    const lane: Lane = { ...row, ready: 0, waitingSince: now };
    this.#lanes.set(row.id, lane);
    this.#ids.set(keyOf(row.route, row.setId, row.priority), row.id);
    let route = this.#routes.get(row.route);
    if (!route) this.#routes.set(row.route, route = { lanes: [], ready: 0, given: new Map(), clock: 0 });
    route.lanes.push(lane);
    this.adjust(row.id, row.ready, now);
  }

  /** The id of a lane, if it is known. */
  idOf(route: string, setId: number, priority: number): number | undefined {
    return this.#ids.get(keyOf(route, setId, priority));
  }

  /** The lane of an id. */
  lane(id: number): LaneRow | undefined {
    return this.#lanes.get(id);
  }

  /** Counts jobs that became ready (positive) or ceased to be (negative). */
  adjust(laneId: number, delta: number, now: number): void {
    const lane = this.#lanes.get(laneId);
    if (!lane || delta === 0) return;
    const route = this.#routes.get(lane.route);
    if (!route) return;
    if (lane.ready === 0 && delta > 0) {
      lane.waitingSince = now;
      this.#admit(route, lane);
    }
    lane.ready += delta;
    route.ready += delta;
    if (delta > 0) this.#stirred.add(lane.route);
  }

  /** Jobs ready on a route. */
  ready(route: string): number {
    return this.#routes.get(route)?.ready ?? 0;
  }

  /** Routes on which jobs became ready, each given out once. */
  takeStirred(): ReadonlySet<string> {
    const stirred = this.#stirred;
    this.#stirred = new Set();
    return stirred;
  }

  /**
   * Chooses the lanes for `count` jobs of a route.
   *
   * @returns Numbers of jobs by lane id; together at most `count`. Nothing is counted as taken yet but the shares.
   */
  choose(routeName: string, count: number, now: number): Map<number, number> {
    const chosen = new Map<number, number>();
    const route = this.#routes.get(routeName);
    if (!route) return chosen;
    for (let left = count; left > 0; left--) {
      const lane = this.#next(route, chosen, now);
      if (!lane) break;
      chosen.set(lane.id, (chosen.get(lane.id) ?? 0) + 1);
      route.clock = route.given.get(lane.setId) ?? 0;
      route.given.set(lane.setId, route.clock + 1);
      lane.waitingSince = now;
    }
    return chosen;
  }

  #next(route: Route, chosen: ReadonlyMap<number, number>, now: number): Lane | null {
    let best: Lane | null = null;
    for (const lane of route.lanes) {
      if (lane.ready - (chosen.get(lane.id) ?? 0) <= 0) continue;
      if (!best || this.#before(route, lane, best, now)) best = lane;
    }
    return best;
  }

  #before(route: Route, a: Lane, b: Lane, now: number): boolean {
    const givenA = route.given.get(a.setId) ?? 0;
    const givenB = route.given.get(b.setId) ?? 0;
    if (a.setId !== b.setId) return givenA < givenB || (givenA === givenB && a.setId < b.setId);
    return a.priority - (now - a.waitingSince) / AGEING_MS < b.priority - (now - b.waitingSince) / AGEING_MS;
  }

  /**
   * Lets a set that was idle on the route start at the least share of those that are not; without any at what was given last,
   * so that a set which once worked alone is not behind all that come later.
   */
  #admit(route: Route, lane: Lane): void {
    let least = Infinity;
    for (const other of route.lanes) {
      if (other.ready > 0 && other.setId === lane.setId) return;
      if (other.ready > 0) least = Math.min(least, route.given.get(other.setId) ?? 0);
    }
    const start = least === Infinity ? route.clock : least;
    route.given.set(lane.setId, Math.max(start, route.given.get(lane.setId) ?? 0));
  }
}

function keyOf(route: string, setId: number, priority: number): string {
  return `${setId} ${priority} ${route}`;
}
