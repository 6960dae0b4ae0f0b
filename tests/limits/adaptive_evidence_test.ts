import { deepEqual, equal } from "node:assert/strict";
import * as evidence from "../../src/limits/_adaptive_evidence.ts";
import { ADAPTIVE_DEFAULTS, type AdaptiveState, initialAdaptiveState } from "../../src/limits/mod.ts";

const T = 1_700_000_000_000;

/** A state of starts 100 ms apart, the last of them at {@linkcode T}. */
function state(fields: Partial<AdaptiveState> = {}): AdaptiveState {
  return { ...initialAdaptiveState(), intervalMs: 100, lastStartMs: T, ...fields };
}

Deno.test("isPaced() is for starts at most a quarter later than allowed", () => {
  const paced = (beforeMs: number | null, at: number) => evidence.isPaced(state(), beforeMs, at);
  deepEqual([paced(T, T + 125), paced(T, T + 126), paced(null, T)], [true, false, false]);
});

Deno.test("leastOkGap() is the least distance of two starts that were answered, in whatever order", () => {
  const gap = (fields: Partial<AdaptiveState>, at: number) => evidence.leastOkGap(state(fields), at);
  equal(gap({}, T), null);
  equal(gap({ lastOkStartMs: T }, T + 70), 70);
  equal(gap({ lastOkStartMs: T, leastOkGapMs: 50 }, T + 70), 50);
  equal(gap({ lastOkStartMs: T, leastOkGapMs: 50 }, T + 30), 30);
  equal(gap({ lastOkStartMs: T, leastOkGapMs: 50 }, T), 50, "an answer that comes late tells nothing");
  equal(gap({ lastOkStartMs: T, leastOkGapMs: 50 }, T - 10), 50);
});

Deno.test("fullSince() leaves pauses out, but counts one so long that every bucket has drained", () => {
  const since = (gapMs: number, fields: Partial<AdaptiveState> = { fullAtMs: T - 1_000 }) =>
    evidence.fullSince(state(fields), T + gapMs);
  equal(since(100), T - 1_000);
  equal(since(125), T - 1_000);
  equal(since(200), T - 1_000 + 75);
  equal(since(400), T - 1_000 + 275);
  equal(since(401), T - 1_000);
  equal(since(100, { fullAtMs: null }), null);
  equal(since(100, { fullAtMs: T, lastStartMs: null }), null);
});

Deno.test("cameAt() moves a request by what its answer is late, up to a twentieth of the interval", () => {
  const late = (answerMs: number, fields: Partial<AdaptiveState> = { answerMs: 20 }) =>
    evidence.cameAt(state(fields), T, T + answerMs) - T;
  deepEqual([late(10), late(20), late(23), late(90)], [0, 0, 3, 5]);
  equal(late(90, { answerMs: null }), 0, "nothing is known of how long it takes");
});

Deno.test("bearsBursts() is for hosts that took requests much closer together than now", () => {
  const bears = (leastOkGapMs: number | null) => evidence.bearsBursts(state({ leastOkGapMs }));
  deepEqual([bears(90), bears(92), bears(null)], [true, false, false]);
});

Deno.test("averageSinceFull() tells nothing of less than two answers, or of more than a burst explains", () => {
  const average = (sinceFull: number, fullAtMs: number | null = T - 1_280) =>
    evidence.averageSinceFull(state({ sinceFull, fullAtMs }), T);
  deepEqual([average(1), average(2), average(128), average(129), average(5, null)], [0, 640, 10, 0, 0]);
});

Deno.test("fullFrom() goes on from the first refusal while an edge is searched for", () => {
  const from = (fields: Partial<AdaptiveState>) =>
    evidence.fullFrom(state({ badMs: 90, fullAtMs: T - 500, sinceFull: 128, ...fields }), T);
  const anew = { fullAtMs: T, sinceFull: 0 };
  deepEqual(from({}), {});
  for (const fields of [{ badMs: null }, { fullAtMs: null }, { sinceFull: 129 }]) {
    deepEqual(from(fields), anew);
  }
});

Deno.test("isSlowing() is for answers that take twice as long as they can, and a tenth of a second more", () => {
  const slowing = (latencyMs: number | null, bestLatencyMs: number | null) =>
    evidence.isSlowing(state({ latencyMs, bestLatencyMs }));
  deepEqual([slowing(120, 20), slowing(121, 20), slowing(800, 400), slowing(801, 400)], [
    false,
    true,
    false,
    true,
  ]);
  deepEqual([slowing(null, 20), slowing(999, null)], [false, false]);
});

Deno.test("latencyAfter() lets no single answer count for more than four times the others", () => {
  const after = (latencyMs: number | null, oneMs: number) =>
    evidence.latencyAfter(state({ latencyMs }), oneMs);
  deepEqual([after(null, 9_000), after(800, 60_000), after(800, 1_600)], [9_000, 1_100, 900]);
  equal(after(16, 60_000), 66, "nor than what makes no difference");
});

Deno.test("lacksConcurrency() is for slots that are held longer than they come round", () => {
  const lacks = (fields: Partial<AdaptiveState>) =>
    evidence.lacksConcurrency(state({ concurrency: 2, ...fields }), ADAPTIVE_DEFAULTS);
  deepEqual([lacks({ heldMs: 200 }), lacks({ heldMs: 201 })], [false, true]);
  deepEqual([lacks({ latencyMs: 201 }), lacks({ heldMs: 10, latencyMs: 201 }), lacks({})], [
    true,
    false,
    false,
  ]);
  equal(lacks({ heldMs: 9_000, concurrency: 4 }), false, "four is the most");
});

Deno.test("isProbe() is for the probe of a cool-down and what came after it", () => {
  const probe = (probeStartedAtMs: number | null) => evidence.isProbe(state({ probeStartedAtMs }), T);
  deepEqual([probe(T), probe(T - 1), probe(T + 1), probe(null)], [true, true, false, false]);
});
