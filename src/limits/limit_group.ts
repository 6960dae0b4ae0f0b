/**
 * One limit group: the unit that limits apply to.
 *
 * @module
 */

import type { Clock } from "../model/ports.ts";
import type { ClosedWhy, Feedback } from "../model/permit.ts";
import { formatRate, type RateWindow } from "../model/rate.ts";
import { budgetLeft, type Charge, charge, expectedCost, learnCost } from "./daily_budget.ts";
import { afterClockStep } from "./_after_clock_step.ts";
import { adapt, nextStartAt } from "./adaptive_rate.ts";
import { type AdaptiveEvent, type AdaptiveState, initialAdaptiveState } from "./adaptive_state.ts";
import { freshState, type GroupLimits, type GroupState, underOperator } from "./group_state.ts";
import type { LearnedLimits } from "./learned_limits.ts";
import { readLimitHeaders } from "./limit_headers.ts";
import { WindowBuckets } from "./_window_buckets.ts";

/** How many requests a group can take now, and what stands in the way when it can take none. */
export interface Room {
  /** Requests that can start now; 0 when the group is closed. */
  readonly count: number;
  /** The next opening when `count` is 0. */
  readonly until: number;
  /** What stands in the way; means nothing while `count` is above 0. */
  readonly why: ClosedWhy;
}

/** Starts closer together than this leave with one beat of the pump. */
const BEAT_MS = 5;

/**
 * What a refusal under a full start is taken to speak against where no rate is known; half of it is tried next. From the
 * ceiling of 50 a second a host that bears 3 refused once more after each of its pauses; from one a second the hosts of
 * the demo, most of which refuse once, took 86 s instead of 10.
 */
const REFUSED_PER_SECOND = 10;

/**
 * How long a group rests that is asked at full speed and refused without a word of when to come back. Adaptive control,
 * whose steps are small from the start, finds its own pause.
 */
const UNSAID_PAUSE_MS = 1_000;

/** When requests in flight, or about to leave, stand in the way, nobody knows until when; to be asked again after this time. */
const IN_THE_WAY_GUESS_MS = 100;

/** What a request has reserved of no budget. */
const NOTHING: Charge = { units: 0, at: 0 };

/**
 * A limit group is *open*, or *closed* until an instant by one of four things: a cool-down that the server asked for, a
 * rate or a budget that is used up, or adaptive control, which spaces the starts and, after a refusal, sends a probe
 * before others follow.
 *
 * `take` charges every window, and the budget with what a call is expected to cost; `learn` makes that what it did cost,
 * where the answer says so, and `refund` gives all back for a request that did not leave. A refusal closes the group for
 * the time that the server names, however long.
 */
export class LimitGroup {
  /** What the group is called in permits, routes and the database. */
  readonly name: string;
  readonly #clock: Clock;
  #configured: GroupLimits;
  /** The configured ones with the operator's above them. */
  #limits: GroupLimits;
  #state: GroupState;
  readonly #buckets: WindowBuckets;
  /** Requests that were granted and have not left yet, here and in other processes. */
  #pending = 0;
  /**
   * The rate beyond which going faster gains nothing, because other groups finish later anyway; see
   * {@linkcode AdaptiveInput}. It is the dispatcher's to say, anew each second, and not kept.
   */
  neededPerSecond: number = Infinity;

  /** Makes a group that goes on from `state`. */
  constructor(name: string, limits: GroupLimits, clock: Clock, state: GroupState = freshState()) {
    this.name = name;
    this.#configured = this.#limits = limits;
    this.#clock = clock;
    this.#buckets = new WindowBuckets(clock);
    this.#state = state;
    this.adopt(state);
  }

  /** The concurrency in force. */
  get concurrency(): number {
    const { learned, adaptive } = this.#state;
    const stated = learned.concurrency ?? this.#limits.concurrency;
    const limit = this.#limits.raise ? stated : Math.min(stated, this.#limits.concurrency);
    return adaptive ? Math.min(limit, adaptive.concurrency) : limit;
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
    this.#configured = limits;
    this.#limits = underOperator(limits, this.#state.operator);
    this.#rebuild();
  }

  /** Takes over what another process wrote, what an operator set included. */
  adopt(state: GroupState): void {
    this.#state = state;
    if (state.adaptive) state.adaptive = afterClockStep(state.adaptive, this.#clock.now());
    this.#limits = underOperator(this.#configured, state.operator);
    this.#rebuild();
  }

  /** How many more requests can start now, when `inFlight` are under way. */
  room(inFlight: number): Room {
    const now = this.#clock.now();
    const state = this.#state;
    if (now < state.coolUntil) return { count: 0, until: state.coolUntil, why: "cool-down" };
    let count = this.concurrency - inFlight;
    if (count <= 0) return { count: 0, until: now + IN_THE_WAY_GUESS_MS, why: "concurrency" };
    if (state.adaptive) {
      // The distance counts from where the one before leaves.
      if (this.#pending > 0) return { count: 0, until: now + IN_THE_WAY_GUESS_MS, why: "rate" };
      // Where nothing is under way, the process that sent the probe has died: another one may.
      const nextAt = nextStartAt(
        inFlight === 0 ? { ...state.adaptive, probeStartedAtMs: null } : state.adaptive,
      );
      if (nextAt > now) {
        return { count: 0, until: nextAt, why: state.adaptive.refusals > 0 ? "probe" : "rate" };
      }
      count = Math.min(count, Math.max(1, Math.floor(BEAT_MS / state.adaptive.intervalMs)));
    }
    if (this.#limits.dailyBudget) {
      const { calls, moreAt } = budgetLeft(this.#limits.dailyBudget, state.budget, now);
      if (calls < 1) return { count: 0, until: moreAt, why: "budget" };
      count = Math.min(count, calls);
    }
    const { tokens, moreAt } = this.#buckets.room();
    count = Math.min(count, tokens);
    return count > 0 ? { count, until: now, why: "rate" } : { count: 0, until: moreAt, why: "rate" };
  }

  /** Charges one request; gives what it was charged of the budget. To be called only when there is room. */
  take(): Charge {
    this.#buckets.take();
    const { dailyBudget } = this.#limits;
    const units = dailyBudget ? expectedCost(dailyBudget, this.#state.budget) : 0;
    const reserved = { units, at: this.#clock.now() };
    this.#charge(reserved);
    this.#state.seen.requests++;
    this.#adapt({ type: "started" });
    return reserved;
  }

  /** Says how many requests were granted that have not left yet, from `at` on. */
  setPending(pending: number, at: number): void {
    this.#pending = pending;
    this.#buckets.hold(pending, at);
  }

  /** Notes that a request leaves at `at`. */
  depart(at: number): void {
    this.#adapt({ type: "departed", atMs: at });
  }

  /** Gives back what a request was charged that did not leave, or whose connection was not made after it had `departed`. */
  refund(startedAt: number, departed: boolean, reserved: Charge = NOTHING): void {
    this.#buckets.refund();
    this.#charge({ ...reserved, units: -reserved.units });
    this.#state.seen.requests--;
    this.#adapt({ type: departed ? "abandoned" : "returned", startedAtMs: startedAt });
  }

  /** Notes that a request has ended that was granted at `startedAt`. */
  finish(startedAt: number): void {
    this.#adapt({ type: "finished", heldMs: this.#clock.now() - startedAt });
  }

  /** Learns from what became of a request that was granted at `startedAt` and `reserved` so much of the budget. */
  learn(feedback: Feedback, startedAt: number, reserved: Charge = NOTHING): void {
    if (this.#limits.countsOnly) return;
    const startedAtMs = startedAt;
    if (feedback.type === "failed") {
      return this.#adapt({ type: feedback.reason === "timeout" ? "timeout" : "abandoned", startedAtMs });
    }
    const now = this.#clock.now();
    const { headers, status, latencyMs } = feedback;
    // The archive answered; what it replays is another server's refusal of long ago.
    if (headers.has("memento-datetime")) return this.#adapt({ type: "ok", startedAtMs, latencyMs });
    const limits = readLimitHeaders(headers, status, now, feedback.message);
    this.#learnLimits(limits);
    const { dailyBudget } = this.#limits;
    const cost = limits.budget?.cost;
    if (dailyBudget && cost !== undefined) {
      this.#charge({ ...reserved, units: cost - reserved.units });
      this.#state.budget = learnCost(dailyBudget, this.#state.budget, cost, now);
    }
    if (limits.budget?.remaining === 0) this.#closeUntil(limits.resetAt ?? 0);
    if (!limits.limited && status !== 503) {
      // The server says that its window is used up: better not to ask than to be refused.
      if (limits.remaining === 0) this.#closeUntil(limits.resetAt ?? 0);
      return this.#adapt({ type: "ok", startedAtMs, latencyMs });
    }
    if (limits.limited) this.#state.seen.limited++;
    if (limits.retryAfterMs !== undefined) this.#closeUntil(now + limits.retryAfterMs);
    else {
      if (limits.remaining === 0) this.#closeUntil(limits.resetAt ?? 0);
      if (limits.limited && this.#limits.adaptive.start === "full") this.#closeUntil(now + UNSAID_PAUSE_MS);
    }
    const unsaid = !limits.limited;
    const { isRetry } = feedback;
    if (!unsaid || !isRetry) this.#state.adaptive ??= this.#afterFullStart();
    this.#adapt(unsaid ? { type: "busy", startedAtMs, isRetry } : { type: "limited", startedAtMs });
  }

  #closeUntil(instant: number): void {
    this.#state.coolUntil = Math.max(this.#state.coolUntil, instant);
  }

  #adapt(event: AdaptiveEvent): void {
    const { start, options } = this.#limits.adaptive;
    if (start === "gentle") this.#state.adaptive ??= initialAdaptiveState(options);
    if (!this.#state.adaptive) return;
    const { neededPerSecond } = this;
    this.#state.adaptive = adapt(this.#state.adaptive, event, {
      nowMs: this.#clock.now(),
      neededPerSecond,
      options,
    });
  }

  /** Where adaptive control begins when a full start was refused: at the rates in force, or in the middle. */
  #afterFullStart(): AdaptiveState {
    const { options } = this.#limits.adaptive;
    const rates = this.windows.map(({ limit, perMs }) => limit * 1000 / perMs);
    const known = rates.length > 0 ? Math.min(...rates) : REFUSED_PER_SECOND;
    const initialPerSecond = Math.min(options.ceilingPerSecond, known);
    return { ...initialAdaptiveState({ ...options, initialPerSecond }), concurrency: this.concurrency };
  }

  #learnLimits(limits: LearnedLimits): void {
    const { learned } = this.#state;
    if (limits.concurrency !== undefined) learned.concurrency = limits.concurrency;
    if (!limits.windows) return;
    const before = learned.windows.map(formatRate).join();
    learned.windows = [...limits.windows];
    if (before !== learned.windows.map(formatRate).join()) this.#rebuild();
  }

  #charge(units: Charge): void {
    const { dailyBudget } = this.#limits;
    if (!dailyBudget) return;
    this.#state.budget = charge(dailyBudget, this.#state.budget, units, this.#clock.now());
  }

  /** What the database is to keep. */
  snapshot(): GroupState {
    const { concurrency, windows, dailyBudget } = this.#configured;
    this.#state.configured = {
      concurrency: Number.isFinite(concurrency) ? concurrency : null,
      rates: windows.map(formatRate),
      dailyBudget: dailyBudget?.limit ?? null,
    };
    this.#state.buckets = this.#buckets.snapshot();
    return this.#state;
  }

  #rebuild(): void {
    this.#buckets.set(this.windows, this.#state.buckets, this.#pending);
  }
}
