/**
 * What runs next: how many jobs of each route can start now.
 *
 * A job waits on a *route*, which names what its next step needs: `fresh:doi` for a work that nobody has been asked
 * about yet, a limit group such as `crossref` or `host:example.org` for a job that was held on it. The dispatcher
 * asks the limit groups what they can take and leases just that, so no worker ever waits for a busy host, and jobs
 * that wait for closed groups cost nothing:
 *
 * 1. A route is *awake* when jobs became ready on it, or when the group that it waits for has opened and it is its turn in
 *    the line of that group. Only awake routes are looked at.
 * 2. For each awake route in turn: as many jobs as its groups have room for, as there are ready, and as there are
 *    free workers. Their permits are taken at once, all groups of a job or none.
 * 3. A route without room waits in the line of the group that is closed. Fresh jobs, for which the resolvers of the first
 *    tier are closed for long, as when a day's budget is used up, begin with those of the next. A route that was cut short for want of a worker
 *    stays awake, behind the others, so that none starves.
 * 4. Where workers are what is scarce, half of them go to the *late* routes first: those with the most work left for
 *    their rate, and fresh jobs, since nobody knows yet what work they bring. In turn with thousands of others a host
 *    that needs the whole day would only be asked once a minute, and need the day after all else is done.
 *
 * Which of a route's jobs is taken (sets in turn, priorities with ageing, oldest first) is decided by the queue's
 * lane book.
 *
 * @module
 */

import type { Permit } from "../model/permit.ts";
import { PATIENCE_MS } from "../model/resolver.ts";
import type { GroupBook, Room } from "../limits/mod.ts";
import { type Demand, type ExchangeView, freshKind } from "../queue/mod.ts";
import { Pacer } from "./pace.ts";
import { WaitingRoutes } from "./waiting_routes.ts";

/** How often the groups are told how fast they need to be; less often where they are many, since each is looked at. */
const PACE_MS = 1_000;
const PACE_MS_PER_GROUP = 1;

/** Ways in which the first request of a job can be paid for: each is a list of groups, best first. */
export type Ways = readonly (readonly string[])[];

/**
 * The ways of a route's jobs, in tiers, at least one: a later tier is for as long as all ways of those before it are closed for
 * longer than {@linkcode PATIENCE_MS}.
 */
export type NeedsOf = (route: string) => readonly [Ways, ...Ways[]];

/** What was decided: jobs to lease, each with the permit for its first request. */
export interface Dispatch {
  /** How many jobs of each route to lease; a route that can be paid for in several ways comes once for each. */
  readonly demand: readonly Demand[];
  /** Permits by route, as many as demanded. A route that needs none has none. */
  readonly permits: ReadonlyMap<string, Permit[]>;
}

/** A dispatch while it is decided. */
interface Decision extends Dispatch {
  readonly demand: Demand[];
  readonly permits: Map<string, Permit[]>;
  /** Jobs that start, by route: one may be looked at several times. */
  readonly begun: Map<string, number>;
}

/** Decides how many jobs of each route start. */
export class Dispatcher {
  readonly #book: GroupBook;
  readonly #needsOf: NeedsOf;
  readonly #awake = { late: new Set<string>(), others: new Set<string>() };
  readonly #waiting = new WaitingRoutes();
  /** Routes with several tiers that wait. */
  readonly #tiered = new Set<string>();
  readonly #pacer = new Pacer();
  #paceAt = -Infinity;
  /** Groups that are late. */
  #late: ReadonlySet<string> = new Set();
  /** Who gets the odd worker. */
  #lateIsNext = true;

  /** Makes a dispatcher that has not looked at any route yet. */
  constructor(book: GroupBook, needsOf: NeedsOf) {
    this.#book = book;
    this.#needsOf = needsOf;
  }

  /** When a group that routes wait for is to be looked at again; `null` when none is. */
  nextOpening(): number | null {
    return this.#waiting.nextOpening();
  }

  /** Decides, for `workers` free workers. Called inside the exchange, after the book was settled. */
  dispatch(view: ExchangeView, workers: number): Dispatch {
    for (const route of view.takeStirred()) this.#rouse(route);
    this.#takeNews(this.#book.takeStirred());
    // Even if no worker is free: an opening that has passed is none to be waited for.
    this.#waiting.wake(view.now);
    if (view.now >= this.#paceAt) {
      this.#paceAt = view.now + Math.max(PACE_MS, this.#book.size * PACE_MS_PER_GROUP);
      this.#late = this.#pacer.pace(this.#book, (group) => view.ready(group), view.now);
      this.#sort();
    }
    const dispatch: Decision = { demand: [], permits: new Map(), begun: new Map() };
    const { late, others } = this.#awake;
    for (let free = view.paused ? 0 : workers; free > 0;) {
      for (const route of this.#waiting.callUp(view.now, (group) => this.#book.room([group]))) {
        this.#rouse(route);
      }
      if (late.size + others.size === 0) break;
      const share = this.#lateIsNext ? Math.ceil(free / 2) : Math.floor(free / 2);
      if (free % 2 === 1) this.#lateIsNext = !this.#lateIsNext;
      free += this.#serve(late, share, view, dispatch) - share;
      free = this.#serve(others, free, view, dispatch);
    }
    return dispatch;
  }

  /** Gives workers to the routes of a line, the first first; returns how many are left. */
  #serve(
    line: Set<string>,
    workers: number,
    view: ExchangeView,
    { demand, permits, begun }: Decision,
  ): number {
    let free = workers;
    for (const route of line) {
      if (free <= 0) break;
      line.delete(route);
      const before = begun.get(route) ?? 0;
      const ready = view.ready(route) - before;
      let left = ready;
      for (const groups of left > 0 ? this.#waysOf(route, view.now) : []) {
        const granted = this.#grant(groups, Math.min(left, free));
        if (granted.count === 0) continue;
        permits.set(route, [...(permits.get(route) ?? []), ...granted.permits]);
        demand.push({ route, count: granted.count });
        free -= granted.count;
        left -= granted.count;
      }
      begun.set(route, before + ready - left);
      if (left <= 0) continue;
      // Behind the others; with no worker left, the loop does not come to it again.
      if (free <= 0) line.add(route);
      else this.#wait(route, view.now);
    }
    return free;
  }

  /** Takes as many permits as the groups have room for, at most `most`. */
  #grant(groups: readonly string[], most: number): { count: number; permits: Permit[] } {
    if (groups.length === 0) return { count: most, permits: [] };
    const permits: Permit[] = [];
    while (permits.length < most) {
      const permit = this.#book.acquire(groups);
      if (permit.type === "closed") break;
      permits.push(permit);
    }
    return { count: permits.length, permits };
  }

  #takeNews(stirred: ReadonlySet<string>): void {
    for (const group of stirred) this.#waiting.stir(group);
    // A group that closes for long opens the way to the tier after it, which waits in no line yet.
    for (const route of this.#tiered) {
      const [first] = this.#needsOf(route);
      if (!first.some((groups) => groups.some((group) => stirred.has(group)))) continue;
      this.#tiered.delete(route);
      this.#rouse(route);
    }
  }

  /** The ways that count now: those of the first tier, and of the next for as long as all of it stay closed. */
  #waysOf(route: string, now: number): Ways {
    const [first, ...later] = this.#needsOf(route);
    const ways = [...first];
    let last = first;
    for (const tier of later) {
      const isOver = ({ count, until }: Room) => count === 0 && until > now + PATIENCE_MS;
      if (!last.every((groups) => isOver(this.#book.room(groups)))) break;
      ways.push(...tier);
      last = tier;
    }
    return ways;
  }

  #rouse(route: string): void {
    this.#lineOf(route).add(route);
  }

  #lineOf(route: string): Set<string> {
    return this.#isLate(route) ? this.#awake.late : this.#awake.others;
  }

  #isLate(route: string): boolean {
    return freshKind(route) !== null ||
      this.#needsOf(route).flat().some((groups) => groups.some((group) => this.#late.has(group)));
  }

  /** Moves the awake routes that have become late, or are no longer. */
  #sort(): void {
    for (const line of [this.#awake.late, this.#awake.others]) {
      for (const route of [...line]) {
        line.delete(route);
        this.#lineOf(route).add(route);
      }
    }
  }

  /** Each way to pay for a job has a group that is closed; any of these may open first. */
  #wait(route: string, now: number): void {
    const isLate = this.#isLate(route);
    if (this.#needsOf(route).length > 1) this.#tiered.add(route);
    for (const groups of this.#waysOf(route, now)) {
      const rooms = groups.map((group) => ({ group, room: this.#book.room([group]) }));
      const [first, ...others] = rooms;
      if (!first) continue;
      const last = others.reduce((last, one) => one.room.until > last.room.until ? one : last, first);
      this.#waiting.add(route, isLate, { ...last, now });
    }
  }
}
