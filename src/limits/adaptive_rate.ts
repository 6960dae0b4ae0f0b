/**
 * Adaptive control: how fast a host may be asked that says nothing about its limits.
 *
 * The base is additive increase and multiplicative decrease, which converges and shares fairly: D.-M. Chiu and R. Jain,
 * "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", Computer Networks
 * and ISDN Systems 17 (1989). Alone it would be refused again and again, for ever. So, as CUBIC does with the window of
 * the last loss (RFC 9438 §4), the rate that failed is remembered together with the one that held; the edge is searched
 * between them, and once it is found within 4 % the rate stays on the side that held. As BBR does (Cardwell et al.,
 * ACM Queue 14:5, 2016), a host that refuses what held before is believed by what it has delivered on average. Starts
 * that came slower than allowed prove nothing (RFC 7661). Concurrency follows Little's law.
 *
 * States of a group, told apart by the fields of {@linkcode AdaptiveState}:
 *
 * - *growing* (`badMs` is null): nothing was refused; a step up after each `holdMs` that held.
 * - *searching* (`goodMs` and `badMs` more than `narrowRatio` apart): the geometric mean of both is tried next.
 * - *settled* (both within `narrowRatio`): stays at `goodMs`; when `probeAtMs` has come it grows again from there, by steps
 *   that start at `narrowRatio` and double. Each failure doubles the wait for the next try.
 * - *cooling* (`refusals` above 0): nothing starts before `openAtMs`, then one probe alone. Its answer ends the cool-down; its
 *   refusal makes the next one four times as long, so that a long one is found in few tries.
 *
 * A 503 without `Retry-After` is a refusal only in company: alone it may be one broken file, see `busy`; for a job that had
 * failed before it tells nothing, see `brokenAgain`. A host that bears bursts lets a rate seem to hold that does not; see
 * `averageSinceFull`.
 *
 * The rules stand here; the questions that they ask of the state in `_adaptive_evidence.ts`.
 *
 * @module
 */

import {
  averageSinceFull,
  bearsBursts,
  cameAt,
  fullFrom,
  fullSince,
  isPaced,
  isProbe,
  isSlowing,
  lacksConcurrency,
  latencyAfter,
  leastOkGap,
  perRequestMs,
  smooth,
} from "./_adaptive_evidence.ts";
import {
  ADAPTIVE_DEFAULTS,
  type AdaptiveEvent,
  type AdaptiveOptions,
  type AdaptiveState,
} from "./adaptive_state.ts";

/** What {@linkcode adapt} has to be told beside the event. */
export interface AdaptiveInput {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /**
   * The rate beyond which going faster gains nothing, because other groups finish later anyway. It holds back steps up;
   * it does not slow down a rate that holds, but one that is refused falls back further.
   *
   * @default {Infinity}
   */
  readonly neededPerSecond?: number;
  /**
   * Steps, bounds and waits.
   *
   * @default {ADAPTIVE_DEFAULTS}
   */
  readonly options?: AdaptiveOptions;
}

/** How much slower to go when a rate that had held is refused: by jitter on the way, most often. */
const DOUBT = 1.015;
/** So many answers since the last 503 make one stand alone; refusals come in rows. */
const LONE = 4;
/** 503s that go on at an interval so much longer have nothing to do with it. */
const UNRELATED = 2;
/** So many answers, few 503s among them, prove an interval. */
const PROOF = 50;
/** They may come at intervals up to so much longer than the first. */
const WIDTH = 1.5;
/** 503s at an interval so much longer than a proven one are no refusals. */
const COLLAPSED = 3;
/** A smoothed share of 503s that speaks for overload whatever was found before. */
const SICK = 0.2;
/** Weight of a new answer in that share. */
const SHARE_SMOOTHING = 1 / 32;
/** Answers that have to come at an interval not tried before until it counts as one that holds. */
const CONFIRMATIONS = 2;
/** An interval up to this much longer than a refused one is near the edge. */
const NEAR = 1.08;
/** Answers whose average over time means something. */
const ENOUGH_FOR_AVERAGE = 10;
/** How long after its start a probe of which nothing was heard (its process died) counts as lost. */
const PROBE_LOST_MS = 120_000;
/** How much faster than is needed a host goes that was refused, so that it does not become the last. */
const SPARE = 1.25;
/** Weight of a new value in the least latency. */
const FORGETTING = 1 / 256;

/**
 * When the next request may start, in milliseconds since the epoch. While the one probe of a cool-down is under way, that
 * is when it will count as lost. Concurrency is the caller's to keep.
 */
export function nextStartAt(state: AdaptiveState): number {
  if (state.probeStartedAtMs !== null) return state.probeStartedAtMs + PROBE_LOST_MS;
  // The distance from a start that was refused is part of the cool-down already.
  if (state.refusals > 0 || state.lastStartMs === null) return state.openAtMs;
  return Math.max(state.openAtMs, state.lastStartMs + state.intervalMs);
}

/** The state after `event`. */
export function adapt(state: AdaptiveState, event: AdaptiveEvent, input: AdaptiveInput): AdaptiveState {
  const context: Context = {
    nowMs: input.nowMs,
    neededPerSecond: input.neededPerSecond ?? Infinity,
    options: input.options ?? ADAPTIVE_DEFAULTS,
  };
  switch (event.type) {
    case "started":
      return started(state, context);
    case "departed":
      return { ...state, lastStartMs: Math.max(state.lastStartMs ?? -Infinity, event.atMs) };
    case "finished":
      return { ...state, heldMs: smooth(state.heldMs, event.heldMs) };
    case "returned":
      return returned(state, event.startedAtMs);
    case "abandoned":
      return abandoned(state, event.startedAtMs);
    case "ok":
      return answered(state, event.startedAtMs, event.latencyMs, context);
    case "busy":
      if (event.isRetry) return brokenAgain(state, event.startedAtMs);
      return event.startedAtMs < state.changedAtMs ? state : busy(state, event.startedAtMs, context);
    case "limited":
      return event.startedAtMs < state.changedAtMs ? state : refused(state, event.startedAtMs, context);
    case "timeout":
      return event.startedAtMs < state.changedAtMs ? state : timedOut(state, context);
  }
}

type Context = Required<AdaptiveInput>;

function started(state: AdaptiveState, { nowMs }: Context): AdaptiveState {
  return {
    ...state,
    lastStartMs: nowMs,
    beforeLastStartMs: state.lastStartMs,
    fullAtMs: fullSince(state, nowMs),
    deliveredSinceMs: state.deliveredSinceMs ?? nowMs,
    paced: state.paced + (isPaced(state, state.lastStartMs, nowMs) ? 1 : 0),
    probeStartedAtMs: state.refusals > 0 ? nowMs : null,
  };
}

/** The count of answers that are to prove an interval: it goes on while the interval becomes no shorter, and not much longer. */
function takenAt(intervalMs: number, { takenMs, taken }: AdaptiveState) {
  const goesOn = takenMs <= intervalMs && intervalMs <= takenMs * WIDTH;
  return goesOn ? { takenMs, taken } : { takenMs: intervalMs, taken: 0 };
}

/** One more answer; many, with few 503s among them, prove the present interval. */
function taken(state: AdaptiveState) {
  const taken = state.taken + 1;
  const isProof = taken >= PROOF && state.busyShare < SICK / 2;
  return {
    taken,
    provenMs: isProof ? Math.min(state.provenMs ?? Infinity, state.intervalMs) : state.provenMs,
  };
}

/**
 * The state without a start that never left. If it counted, two groups that a request needs together and that open at
 * different moments would put each other off for ever.
 */
function returned(state: AdaptiveState, startedAtMs: number): AdaptiveState {
  const other = isProbe(state, startedAtMs) ? { ...state, probeStartedAtMs: null } : state;
  const { beforeLastStartMs } = state;
  if (startedAtMs !== state.lastStartMs) return other;
  const counted = isPaced(state, beforeLastStartMs, startedAtMs) ? 1 : 0;
  // The start may have moved this, by a pause that the next one will count again.
  const fullAtMs = null;
  return { ...other, lastStartMs: beforeLastStartMs, fullAtMs, paced: Math.max(0, state.paced - counted) };
}

/** A request that says nothing: was it the probe, then another one may start. */
function abandoned(state: AdaptiveState, startedAtMs: number): AdaptiveState {
  return isProbe(state, startedAtMs) ? { ...state, probeStartedAtMs: null } : state;
}

/**
 * A 503 for a job that had failed before. A broken file is asked for until its job gives up, so that two in a hundred
 * become one answer in ten, and the more the slower the host is asked. It tells nothing; but after refusals the next
 * probe comes an interval later.
 */
function brokenAgain(state: AdaptiveState, startedAtMs: number): AdaptiveState {
  const next = abandoned(state, startedAtMs);
  return state.refusals === 0
    ? next
    : { ...next, openAtMs: Math.max(state.openAtMs, startedAtMs + state.intervalMs) };
}

function answered(
  state: AdaptiveState,
  startedAtMs: number,
  latencyMs: number,
  context: Context,
): AdaptiveState {
  const smoothed = latencyAfter(state, latencyMs);
  const next: AdaptiveState = {
    ...state,
    delivered: state.delivered + 1,
    sinceBusy: state.sinceBusy + 1,
    sinceFull: state.sinceFull + 1,
    leastOkGapMs: leastOkGap(state, startedAtMs),
    busyShare: smooth(state.busyShare, 0, SHARE_SMOOTHING),
    latencyMs: smoothed,
    // The best is forgotten slowly: a host may become slower for good.
    bestLatencyMs: Math.min(smooth(state.bestLatencyMs, smoothed, FORGETTING), smoothed),
    answerMs: smooth(state.answerMs ?? null, context.nowMs - startedAtMs),
    lastStartMs: startedAtMs === state.lastStartMs
      ? cameAt(state, startedAtMs, context.nowMs)
      : state.lastStartMs,
  };
  if (startedAtMs < state.changedAtMs) return next;
  const heard: AdaptiveState = {
    ...next,
    answered: state.answered + 1,
    ...taken(next),
    lastOkStartMs: Math.max(state.lastOkStartMs ?? -Infinity, startedAtMs),
  };
  return consider(state.refusals > 0 ? recovered(heard, context) : heard, context);
}

/** The first answer after refusals. */
function recovered(state: AdaptiveState, { nowMs, options }: Context): AdaptiveState {
  const open: AdaptiveState = {
    ...state,
    refusals: 0,
    probeStartedAtMs: null,
    deliveredSinceMs: nowMs,
    delivered: 0,
  };
  // Two single failures may follow each other by chance.
  const inRow = state.sinceBusy !== 1 ? 2 : state.isUnrelated ? 5 : 3;
  if (state.refusals < inRow || state.delivered < ENOUGH_FOR_AVERAGE) return open;
  // What held was refused several times in a row: a longer window was used up, and the average is what it allows.
  const averageMs = (nowMs - (state.deliveredSinceMs ?? nowMs)) / state.delivered;
  const intervalMs = bounded(averageMs * DOUBT, options);
  return { ...changed(open, intervalMs, nowMs), ...at(intervalMs, open) };
}

/** Decides, after an answer, whether to go faster. */
function consider(state: AdaptiveState, context: Context): AdaptiveState {
  const { nowMs, options } = context;
  const known = state.goodMs !== null && state.goodMs <= state.intervalMs;
  // Far from the edge one answer is proof enough; near it jitter can make one request pass by luck.
  const confirmations = state.badMs !== null && state.intervalMs > state.badMs * NEAR ? 1 : CONFIRMATIONS;
  const confirmed = state.answered >= confirmations && state.paced >= confirmations;
  const proven: AdaptiveState = confirmed && !known ? { ...state, goodMs: state.intervalMs } : state;
  if (context.neededPerSecond * perRequestMs(state) <= 1000 || isSlowing(state)) return proven;

  if (lacksConcurrency(proven, options)) {
    const settledIn = state.answered >= CONFIRMATIONS * state.concurrency;
    const banned = state.badConcurrency !== null && state.concurrency + 1 >= state.badConcurrency &&
      nowMs < state.probeAtMs;
    if (!settledIn || banned) return proven;
    const more = changed(proven, state.intervalMs, nowMs);
    return { ...more, concurrency: state.concurrency + 1, raisedConcurrency: true };
  }
  if (context.neededPerSecond * state.intervalMs <= 1000) return proven;
  if (state.badMs === null) {
    const held = nowMs - state.changedAtMs >= options.holdMs && state.paced >= 1;
    return held ? grown({ ...proven, goodMs: state.intervalMs }, context) : proven;
  }
  if (!known && !confirmed) return proven;
  if (state.goodMs !== null && state.goodMs < state.intervalMs) {
    // It fell back further than it had to, and is needed faster now.
    return changed(proven, atMost(state.goodMs, context), nowMs);
  }
  const goodMs = state.intervalMs;
  if (goodMs > state.badMs * options.narrowRatio) {
    const nextMs = state.stride === null ? Math.sqrt(goodMs * state.badMs) : goodMs / (1 + state.stride);
    return { ...changed({ ...proven, goodMs }, atMost(nextMs, context), nowMs), stride: null };
  }
  if (nowMs < state.probeAtMs) return proven;
  // A search that ends with an answer has ended as well: what lies beyond was refused a moment ago.
  if (!known) return { ...proven, probeAtMs: nowMs + state.probeWaitMs };
  return grown({ ...proven, goodMs, badMs: null, stride: options.narrowRatio - 1 }, context);
}

/** One step up. */
function grown(state: AdaptiveState, context: Context): AdaptiveState {
  const { nowMs, options } = context;
  const perSecond = 1000 / state.intervalMs;
  const ordinary = Math.max(options.increasePerSecond, perSecond / 10);
  const careful = state.stride === null ? Infinity : state.stride * perSecond;
  const intervalMs = atMost(1000 / (perSecond + Math.min(ordinary, careful)), context);
  if (intervalMs >= state.intervalMs) return state;
  const stride = careful < ordinary && state.stride !== null ? state.stride * 2 : null;
  return { ...changed(state, intervalMs, nowMs), stride };
}

/** A refusal of a request that was started under the present interval and concurrency. */
function refused(state: AdaptiveState, startedAtMs: number, context: Context): AdaptiveState {
  const { nowMs, options } = context;
  const refusals = state.refusals + 1;
  // What held is often the limit itself, so the first look is just above it.
  const stride = state.badMs === null && state.stride === null ? options.narrowRatio - 1 : null;
  const cooling = { refusals, probeStartedAtMs: null, stride };
  const full = fullFrom(state, startedAtMs);
  const held = state.goodMs !== null && state.goodMs <= state.intervalMs;
  const averageMs = averageSinceFull(state, startedAtMs);
  if (held && refusals <= 2 && bearsBursts(state) && averageMs > state.intervalMs) {
    // After a long pause the average is too slow.
    const atMostMs = state.intervalMs / options.decreaseFactor;
    const edge = at(bounded(Math.min(averageMs * DOUBT, atMostMs), options), state);
    const averaged = { ...edge, intervalMs: relaxed(edge.intervalMs, state, context) };
    return {
      ...changed(state, averaged.intervalMs, nowMs),
      ...cooling,
      ...averaged,
      ...full,
      ...postponed(state, nowMs, options),
      openAtMs: startedAtMs + averaged.intervalMs,
    };
  }
  if (refusals > 1) {
    const slower = changed(state, bounded(state.intervalMs / options.decreaseFactor, options), nowMs);
    const waitMs = Math.min(options.maxWaitMs, slower.intervalMs * 2 ** (refusals - 1));
    return {
      ...slower,
      ...cooling,
      ...withoutOne(state, nowMs, options),
      goodMs: null,
      badMs: state.intervalMs,
      openAtMs: nowMs + waitMs,
    };
  }
  if (state.raisedConcurrency) {
    const fewer = changed(state, state.intervalMs, nowMs);
    return {
      ...fewer,
      ...cooling,
      ...withoutOne(state, nowMs, options),
      openAtMs: startedAtMs + state.intervalMs,
    };
  }
  const { intervalMs: edgeMs, goodMs } = fallback(state, options);
  const intervalMs = relaxed(edgeMs, state, context);
  const slower = changed(state, intervalMs, nowMs);
  // A leaky bucket counts from the last request that it let through, so a whole interval after the refused one would be
  // time lost; a quarter of it keeps a distance even so.
  const openAtMs = Math.max((state.lastOkStartMs ?? startedAtMs) + intervalMs, startedAtMs + intervalMs / 4);
  const badMs = state.intervalMs;
  const narrow = goodMs === null || goodMs <= badMs * options.narrowRatio;
  return {
    ...slower,
    ...cooling,
    goodMs,
    badMs,
    openAtMs,
    ...full,
    ...(narrow ? postponed(state, nowMs, options) : {}),
  };
}

/**
 * A 503 that does not say when to come back. One that stands alone, with {@linkcode LONE} answers before it or further from
 * the last request than the interval asks, may be a file that is broken: the next request comes late, and that is all. If
 * that is refused as well, or more come soon, it was a refusal.
 *
 * At an edge that was found before, a small excess over it may show as rarely. So the edge is doubted: each one makes the
 * interval longer, by twice as much as the one before, until they stop. If they go on at {@linkcode UNRELATED} times the
 * interval, they have nothing to do with it; then the edge is as it was, and 503s only make pauses, unless they become
 * as many as {@linkcode SICK}. It is the same where chance has made rows of them, and these an interval that is
 * {@linkcode COLLAPSED} times one that many answers had proven.
 */
function busy(state: AdaptiveState, startedAtMs: number, context: Context): AdaptiveState {
  const { intervalMs } = state;
  const spaced = startedAtMs === state.lastStartMs && !isPaced(state, state.beforeLastStartMs, startedAtMs);
  const alone = state.refusals === 0 && (spaced || state.sinceBusy >= LONE);
  const busyShare = smooth(state.busyShare, 1, SHARE_SMOOTHING);
  const isUnrelated = state.isUnrelated && busyShare < SICK;
  const provenMs = state.isUnrelated && !isUnrelated ? null : state.provenMs;
  const heard: AdaptiveState = { ...state, sinceBusy: 0, busyShare, isUnrelated, provenMs };
  if (provenMs !== null && intervalMs >= provenMs * COLLAPSED) {
    return unrelated(pausing(heard, startedAtMs, context), provenMs);
  }
  const settled = state.badMs !== null && state.goodMs !== null && state.goodMs <= intervalMs;
  if (!alone && !(isUnrelated && state.badMs !== null)) {
    // What failed by chance was taken by nobody, so that the average would be too slow.
    return refused({ ...heard, doubtedMs: null, fullAtMs: null }, startedAtMs, context);
  }
  const rested = pausing(heard, startedAtMs, context);
  if (spaced || isUnrelated || !settled) return rested;
  const edgeMs = Math.min(state.doubtedMs ?? intervalMs, intervalMs);
  const slowerMs = bounded(intervalMs * (intervalMs / edgeMs) * DOUBT, context.options);
  if (slowerMs > edgeMs * UNRELATED) return unrelated(rested, edgeMs);
  const probeAtMs = context.nowMs + state.probeWaitMs;
  return { ...rested, ...at(slowerMs, state), doubtedMs: edgeMs, probeAtMs };
}

/** 503s were found to have nothing to do with the rate: back to where they had not been doubted yet. */
function unrelated(state: AdaptiveState, intervalMs: number): AdaptiveState {
  return { ...state, ...at(intervalMs, state), doubtedMs: null, isUnrelated: true };
}

/** An interval as that at which the edge is. */
function at(intervalMs: number, state: AdaptiveState) {
  return { intervalMs, goodMs: intervalMs, badMs: intervalMs, ...takenAt(intervalMs, state) };
}

/** A pause of two intervals, doubled by each failure that follows at once; all else stays. */
function pausing(state: AdaptiveState, startedAtMs: number, { nowMs, options }: Context): AdaptiveState {
  const refusals = state.refusals + 1;
  const pauseMs = Math.min(options.maxWaitMs, state.intervalMs / options.decreaseFactor ** refusals);
  return {
    ...changed(state, state.intervalMs, nowMs),
    refusals,
    probeStartedAtMs: null,
    openAtMs: startedAtMs + pauseMs,
  };
}

/** Where to go from an interval that was refused once. */
function fallback({ intervalMs, goodMs }: AdaptiveState, options: AdaptiveOptions) {
  if (goodMs === null) return { intervalMs: bounded(intervalMs / options.decreaseFactor, options), goodMs };
  if (goodMs > intervalMs) return { intervalMs: goodMs, goodMs };
  return { intervalMs: bounded(intervalMs * DOUBT, options), goodMs: null };
}

/**
 * `edgeMs`, or longer where the refused interval need not have been so short: who gains nothing by being fast stays clear of
 * the edge, but for no more than a first refusal takes back.
 */
function relaxed(
  edgeMs: number,
  { intervalMs }: AdaptiveState,
  { neededPerSecond, options }: Context,
): number {
  const enoughMs = 1000 / (neededPerSecond * SPARE);
  return bounded(Math.max(edgeMs, Math.min(enoughMs, intervalMs / options.decreaseFactor)), options);
}

/** A time-out may mean overload, a lost packet or a broken file: slower and fewer, but nothing learned of the edge. */
function timedOut(state: AdaptiveState, { nowMs, options }: Context): AdaptiveState {
  const slower = changed(state, bounded(state.intervalMs / options.decreaseFactor, options), nowMs);
  return {
    ...slower,
    concurrency: Math.max(1, state.concurrency - 1),
    probeStartedAtMs: null,
    openAtMs: nowMs + slower.intervalMs,
    refusals: Math.max(1, state.refusals),
  };
}

function changed(state: AdaptiveState, intervalMs: number, nowMs: number): AdaptiveState {
  const { takenMs, taken } = takenAt(intervalMs, state);
  return {
    ...state,
    intervalMs,
    changedAtMs: nowMs,
    answered: 0,
    taken,
    takenMs,
    paced: 0,
    raisedConcurrency: false,
  };
}

/** One slot fewer, and the present number remembered as refused. */
function withoutOne(state: AdaptiveState, nowMs: number, options: AdaptiveOptions): Partial<AdaptiveState> {
  if (state.concurrency === 1) return postponed(state, nowMs, options);
  return {
    concurrency: state.concurrency - 1,
    badConcurrency: state.concurrency,
    ...postponed(state, nowMs, options),
  };
}

/** Puts the next try of the edge off, each time twice as long. */
function postponed({ probeWaitMs }: AdaptiveState, nowMs: number, options: AdaptiveOptions) {
  return { probeAtMs: nowMs + probeWaitMs, probeWaitMs: Math.min(options.maxWaitMs, probeWaitMs * 2) };
}

/** `intervalMs`, but no faster than is needed. */
function atMost(intervalMs: number, { neededPerSecond, options }: Context): number {
  return bounded(Math.max(intervalMs, 1000 / neededPerSecond), options);
}

function bounded(intervalMs: number, { floorPerSecond, ceilingPerSecond }: AdaptiveOptions): number {
  return Math.min(1000 / floorPerSecond, Math.max(1000 / ceilingPerSecond, intervalMs));
}
