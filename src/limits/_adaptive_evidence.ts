/**
 * What the state of adaptive control tells of a host: the questions that the rules in `adaptive_rate.ts` ask.
 *
 * @module
 */

import type { AdaptiveOptions, AdaptiveState } from "./adaptive_state.ts";

/** A start counts as fast as allowed if its distance from the last is at most this much longer than the interval. */
const PACED = 1.25;
/** A refused interval so much longer than one between two requests that were taken tells that the host bears bursts. */
const BURST = 1.1;
/** A start so many intervals after the last finds a bucket that is no longer full. */
const DRAINED = 4;
/** After so many answers from a full bucket on, a refusal is no longer said to come of the burst. */
const MANY = 128;
/** A request that seems to have reached its host late moves the next one by no more than this share of the interval. */
const MAX_LATE = 0.05;
/** So many times as long as the others an answer may have taken to count in full. */
const UNUSUAL = 4;
/** Times to the first byte that differ by no more than this are the same. */
const SAME_MS = 100;
/** Weight of a new value in a smoothed one, as in RFC 6298. */
const SMOOTHING = 1 / 8;

/** Whether a start came as fast after the one before as it may. */
export function isPaced(
  { intervalMs }: AdaptiveState,
  beforeMs: number | null,
  startedAtMs: number,
): boolean {
  return startedAtMs - (beforeMs ?? -Infinity) <= intervalMs * PACED;
}

/** The least distance of two starts that were both answered. */
export function leastOkGap(
  { leastOkGapMs, lastOkStartMs }: AdaptiveState,
  startedAtMs: number,
): number | null {
  if (lastOkStartMs === null || startedAtMs <= lastOkStartMs) return leastOkGapMs;
  return Math.min(leastOkGapMs ?? Infinity, startedAtMs - lastOkStartMs);
}

/**
 * From when on the time counts in which a host's bucket stayed full. A pause is left out: in it a small bucket has drained. One
 * so long that every bucket has is counted: what a host takes at once after it, it does not take for long, and the average
 * then errs on the slow side.
 */
export function fullSince(
  { fullAtMs, lastStartMs, intervalMs }: AdaptiveState,
  nowMs: number,
): number | null {
  if (fullAtMs === null || lastStartMs === null) return null;
  const gapMs = nowMs - lastStartMs;
  return gapMs > intervalMs * DRAINED ? fullAtMs : fullAtMs + Math.max(0, gapMs - intervalMs * PACED);
}

/**
 * When a request seems to have come to its host, if one that came at once had come when it was granted. On a busy machine or
 * way an answer takes longer than usual, half the time because its request did; and the host counts from when it came,
 * so the next one would be refused for a distance that was kept at this end.
 */
export function cameAt(state: AdaptiveState, startedAtMs: number, nowMs: number): number {
  const lateMs = nowMs - startedAtMs - (state.answerMs ?? Infinity);
  return startedAtMs + Math.min(Math.max(0, lateMs), state.intervalMs * MAX_LATE);
}

/** Whether a host that refuses the present interval has taken requests much closer together before. */
export function bearsBursts({ leastOkGapMs, intervalMs }: AdaptiveState): boolean {
  return leastOkGapMs !== null && leastOkGapMs * BURST <= intervalMs;
}

/**
 * The average distance of the requests that a host took since one was refused, if another is refused now; 0 if too few were
 * to tell. A host that bears a burst takes requests faster than its limit for a while, so that a rate seems to hold that
 * does not. But when it refuses, its bucket is full: what it took from one refusal to another is what its limit allows.
 */
export function averageSinceFull({ fullAtMs, sinceFull }: AdaptiveState, startedAtMs: number): number {
  return fullAtMs === null || sinceFull < 2 || sinceFull > MANY ? 0 : (startedAtMs - fullAtMs) / sinceFull;
}

/**
 * From when on the bucket of a host that refuses a start is full, and what it took since: from now on, if the rate was
 * growing, or nothing is known of before, or too much.
 */
export function fullFrom(state: AdaptiveState, startedAtMs: number): Partial<AdaptiveState> {
  const goesOn = state.badMs !== null && state.fullAtMs !== null && state.sinceFull <= MANY;
  return goesOn ? {} : { fullAtMs: startedAtMs, sinceFull: 0 };
}

/** Whether the host answers markedly slower than it can: it queues rather than refuses. */
export function isSlowing({ latencyMs, bestLatencyMs }: AdaptiveState): boolean {
  if (latencyMs === null || bestLatencyMs === null) return false;
  return latencyMs > Math.max(2 * bestLatencyMs, bestLatencyMs + SAME_MS);
}

/**
 * The smoothed time to the first byte, after one more. One answer counts as no more than {@linkcode UNUSUAL} times the others:
 * where one file in twenty takes a minute, the mean would say for ever that the host slows down.
 */
export function latencyAfter({ latencyMs }: AdaptiveState, oneMs: number): number {
  if (latencyMs === null) return oneMs;
  return smooth(latencyMs, Math.min(oneMs, Math.max(UNUSUAL * latencyMs, latencyMs + UNUSUAL * SAME_MS)));
}

/** Whether the interval cannot be kept because the slots are held too long (Little's law). */
export function lacksConcurrency(state: AdaptiveState, options: AdaptiveOptions): boolean {
  return perRequestMs(state) > state.intervalMs && state.concurrency < options.maxConcurrency;
}

/** The time that one request takes of all: the interval, or longer where slots are held so long that it cannot be kept. */
export function perRequestMs(
  { intervalMs, heldMs, latencyMs, concurrency }: AdaptiveState,
  slots: number = concurrency,
): number {
  return Math.max(intervalMs, (heldMs ?? latencyMs ?? 0) / slots);
}

/** Whether a start is the one probe of a cool-down, or came after it. */
export function isProbe(state: AdaptiveState, startedAtMs: number): boolean {
  return state.probeStartedAtMs !== null && startedAtMs >= state.probeStartedAtMs;
}

/** `old` moved towards `value` by a share of their distance. */
export function smooth(old: number | null, value: number, weight = SMOOTHING): number {
  return old === null ? value : old + (value - old) * weight;
}
