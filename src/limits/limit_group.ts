/**
 * One limit group: the unit that limits apply to.
 *
 * @module
 */

import type { Clock } from "../model/ports.ts";
import type { ClosedWhy, Feedback } from "../model/permit.ts";
import type { RateWindow } from "./rate.ts";
import { formatRate } from "./rate.ts";
import type { LearnedLimits } from "./learned_limits.ts";
import { readLimitHeaders } from "./limit_headers.ts";
import { TokenBucket, type TokenBucketSnapshot } from "./token_bucket.ts";

/** The limits of a group as the operator and the resolver's author set them. */
export interface GroupLimits {
  /** Requests under way at once; at least 1. */
  readonly concurrency: number;
  /** Rates, all of which hold. */
  readonly windows: readonly RateWindow[];
  /** Calls a day in the API's own units; absent where the API states none. */
  readonly dailyBudget?: DailyBudget;
  /** Whether limits that the server states may raise these. @default false */
  readonly raise?: boolean;
}

/** A budget that is filled up once a day. */
export interface DailyBudget {
  readonly limit: number;
  /** Hour of the day, UTC, at which the provider resets it. @default 0 */
  readonly resetHourUtc?: number;
}

/** What is kept of a group in the database. */
export interface GroupState {
  /** No request before this instant; 0 for none. */
  coolUntil: number;
  /** When the present or last cool-down began. */
  coolSince: number;
  /** Whether the first request after the cool-down has to succeed before others follow. */
  probing: boolean;
  /** Cool-downs in a row without a success between. */
  strikes: number;
  /** Levels of the buckets, by their rate as `formatRate` writes it. */
  buckets: Record<string, TokenBucketSnapshot>;
  /** What the server's headers stated. */
  learned: { windows: RateWindow[]; concurrency: number | null };
  /** The budget's day, as its start, and what was used of it. */
  budget: { day: number; used: number };
  /** Requests and refusals by rate since the group was made. */
  seen: { requests: number; limited: number };
}

/** How many requests a group can take now, and what stands in the way when it can take none. */
export interface Room {
  readonly count: number;
  /** The next opening when `count` is 0. */
  readonly until: number;
  readonly why: ClosedWhy;
}

/**
 * A server counts by its own clock, and starts that leave evenly arrive unevenly: each window is taken to be this
 * much longer, so that starts packed as closely as the rate allows stay within it at the other end as well.
 */
const WINDOW_MARGIN_MS = 25;

/** Buckets hold at least one token, and what this time brings: the pump grants in steps of a few milliseconds. */
const BURST_MS = 50;

/** The cool-down after a refusal that names no time; it doubles with each further one. */
const DEFAULT_COOL_DOWN_MS = 1_000;
const MAX_DEFAULT_COOL_DOWN_MS = 300_000;

/** When concurrency stands in the way nobody knows when it ends; to be asked again after this time. */
const CONCURRENCY_GUESS_MS = 100;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * A limit group is *open*, *cooling* until an instant, or *probing*: after a cool-down one request goes out, and only
 * when it succeeds do others follow.
 *
 * - `take` charges every window and the budget; `refund` gives that back for a request that did not leave.
 * - A refusal closes the group for the time that the server names, however long; refusals of requests that left
 *   before the cool-down began do not lengthen it unless they name a later instant.
 */
export class LimitGroup {
  readonly name: string;
  readonly #clock: Clock;
  #limits: GroupLimits;
  #state: GroupState;
  #buckets: TokenBucket[] = [];

  constructor(name: string, limits: GroupLimits, clock: Clock, state: GroupState = freshState()) {
    this.name = name;
    this.#limits = limits;
    this.#clock = clock;
    this.#state = state;
    this.#rebuild();
  }

  /** The concurrency in force. */
  get concurrency(): number {
    const learned = this.#state.learned.concurrency;
    const limit = learned === null
      ? this.#limits.concurrency
      : this.#limits.raise
      ? learned
      : Math.min(learned, this.#limits.concurrency);
    return this.#state.probing ? 1 : limit;
  }

  /** The rates in force. */
  get windows(): readonly RateWindow[] {
    const { learned } = this.#state;
    if (learned.windows.length === 0) return this.#limits.windows;
    return this.#limits.raise ? learned.windows : [...this.#limits.windows, ...learned.windows];
  }

  /** What is kept of the group. */
  get state(): Readonly<GroupState> {
    return this.#state;
  }

  /** Changes what the operator set; at once. */
  setLimits(limits: GroupLimits): void {
    this.#limits = limits;
    this.#rebuild();
  }

  /** Takes over what another process wrote. */
  adopt(state: GroupState): void {
    this.#state = state;
    this.#rebuild();
  }

  /** How many more requests can start now, when `inFlight` are under way. */
  room(inFlight: number): Room {
    const now = this.#clock.now();
    const state = this.#state;
    if (now < state.coolUntil) return { count: 0, until: state.coolUntil, why: "cool-down" };
    let count = this.concurrency - inFlight;
    if (count <= 0) {
      return { count: 0, until: now + CONCURRENCY_GUESS_MS, why: state.probing ? "probe" : "concurrency" };
    }
    if (this.#limits.dailyBudget) {
      const left = this.#budgetLeft(this.#limits.dailyBudget, now);
      if (left < 1) {
        return { count: 0, until: this.#dayOf(this.#limits.dailyBudget, now) + DAY_MS, why: "budget" };
      }
      count = Math.min(count, Math.floor(left));
    }
    let until = now;
    for (const bucket of this.#buckets) {
      // A millionth: a level of 0.9999999 is a rounding error, not a missing token.
      const tokens = Math.floor(bucket.level() + 1e-6);
      if (tokens < 1) until = Math.max(until, bucket.nextAt(1));
      count = Math.min(count, tokens);
    }
    return count > 0 ? { count, until: now, why: "rate" } : { count: 0, until, why: "rate" };
  }

  /** Charges one request. To be called only when there is room. */
  take(): void {
    for (const bucket of this.#buckets) {
      if (!bucket.tryConsume(1)) bucket.tryConsume(Math.min(1, bucket.level()));
    }
    if (this.#limits.dailyBudget) {
      this.#budgetLeft(this.#limits.dailyBudget, this.#clock.now());
      this.#state.budget.used++;
    }
    this.#state.seen.requests++;
  }

  /** Gives back what a request was charged that did not leave. */
  refund(): void {
    for (const bucket of this.#buckets) bucket.refund(1);
    if (this.#limits.dailyBudget) this.#state.budget.used = Math.max(0, this.#state.budget.used - 1);
    this.#state.seen.requests--;
  }

  /**
   * Learns from what became of a request.
   *
   * @param startedAt When the request was granted: a refusal of a request that left before the present cool-down
   * began is the same refusal seen twice.
   */
  learn(feedback: Feedback, startedAt: number): void {
    if (feedback.type === "failed") return;
    const now = this.#clock.now();
    const limits = readLimitHeaders(feedback.headers, feedback.status, now, feedback.message);
    this.#learnLimits(limits);
    if (feedback.cost !== undefined) this.#state.budget.used += feedback.cost - 1;
    if (limits.limited) this.#coolDown(limits, now, startedAt);
    else if (feedback.status < 500) {
      this.#state.strikes = 0;
      this.#state.probing = false;
      // The server counts the last request of its window: better not to ask than to be refused.
      if (limits.remaining === 0 && limits.resetAt !== undefined) this.#state.coolUntil = limits.resetAt;
    }
  }

  #coolDown(limits: LearnedLimits, now: number, startedAt: number): void {
    const state = this.#state;
    state.seen.limited++;
    const sameMoment = startedAt < state.coolSince;
    if (!sameMoment) state.strikes++;
    const fallbackMs = Math.min(DEFAULT_COOL_DOWN_MS * 2 ** (state.strikes - 1), MAX_DEFAULT_COOL_DOWN_MS);
    const until = now + (limits.retryAfterMs ?? (sameMoment ? 0 : fallbackMs));
    state.coolUntil = Math.max(state.coolUntil, until, limits.resetAt ?? 0);
    if (!sameMoment) state.coolSince = now;
    state.probing = true;
  }

  #learnLimits(limits: LearnedLimits): void {
    const { learned } = this.#state;
    if (limits.concurrency !== undefined) learned.concurrency = Math.max(1, limits.concurrency);
    if (!limits.windows || limits.windows.length === 0) return;
    const before = learned.windows.map(formatRate).join();
    learned.windows = [...limits.windows];
    if (before !== learned.windows.map(formatRate).join()) this.#rebuild();
  }

  /** What is left of today's budget; a new day begins it anew. */
  #budgetLeft(budget: DailyBudget, now: number): number {
    const day = this.#dayOf(budget, now);
    if (this.#state.budget.day !== day) this.#state.budget = { day, used: 0 };
    return budget.limit - this.#state.budget.used;
  }

  #dayOf(budget: DailyBudget, now: number): number {
    const offset = (budget.resetHourUtc ?? 0) * HOUR_MS;
    return Math.floor((now - offset) / DAY_MS) * DAY_MS + offset;
  }

  /** What the database is to keep. */
  snapshot(): GroupState {
    this.#state.buckets = {};
    for (const [index, window] of this.windows.entries()) {
      const bucket = this.#buckets[index];
      if (bucket) this.#state.buckets[formatRate(window)] = bucket.snapshot();
    }
    return this.#state;
  }

  #rebuild(): void {
    const now = this.#clock.now();
    const levels = new Map(this.#buckets.map((bucket, index) => [index, bucket.snapshot()]));
    this.#buckets = this.windows.map((window, index) => {
      const bucket = new TokenBucket({ ...bucketOf(window), clock: this.#clock, level: 1 });
      const kept = this.#state.buckets[formatRate(window)] ?? levels.get(index);
      // An instant that lies ahead (the wall clock was set back between two runs) must not lend tokens.
      if (kept) bucket.restore({ level: kept.level, at: Math.min(kept.at, now) });
      return bucket;
    });
  }
}

/**
 * The bucket of a window. With capacity b and refill (limit − b + 1) per window, no window sees more than `limit`
 * starts: b at its beginning and limit − b more as the bucket fills.
 */
function bucketOf({ limit, perMs }: RateWindow): { capacity: number; refillPerSecond: number } {
  const capacity = Math.max(1, Math.floor(limit * BURST_MS / perMs));
  return { capacity, refillPerSecond: (limit - capacity + 1) * 1000 / (perMs + WINDOW_MARGIN_MS) };
}

/** The state of a group that was never asked. */
export function freshState(): GroupState {
  return {
    coolUntil: 0,
    coolSince: 0,
    probing: false,
    strikes: 0,
    buckets: {},
    learned: { windows: [], concurrency: null },
    budget: { day: 0, used: 0 },
    seen: { requests: 0, limited: 0 },
  };
}
