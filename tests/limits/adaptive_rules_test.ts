import { deepEqual, equal } from "node:assert/strict";
import {
  adapt,
  type AdaptiveEvent,
  type AdaptiveState,
  initialAdaptiveState,
  nextStartAt,
} from "../../src/limits/mod.ts";

const T = 1_700_000_000_000;

/** A state of starts 100 ms apart, the last of them at {@linkcode T}. */
function state(fields: Partial<AdaptiveState> = {}): AdaptiveState {
  return {
    ...initialAdaptiveState(),
    intervalMs: 100,
    lastStartMs: T,
    beforeLastStartMs: T - 100,
    ...fields,
  };
}

/** The interval to a tenth of a millisecond. */
function tenths({ intervalMs }: AdaptiveState): number {
  return Math.round(intervalMs * 10) / 10;
}

/** What becomes of a state by an event, which comes `afterMs` after {@linkcode T}. */
function on(
  before: Partial<AdaptiveState>,
  event: AdaptiveEvent,
  afterMs = 0,
  neededPerSecond = Infinity,
): AdaptiveState {
  return adapt(state(before), event, { nowMs: T + afterMs, neededPerSecond });
}

const started: AdaptiveEvent = { type: "started" };
const returned = (ms = 0): AdaptiveEvent => ({ type: "returned", startedAtMs: T + ms });
const ok = (ms = 0, latencyMs = 10): AdaptiveEvent => ({ type: "ok", startedAtMs: T + ms, latencyMs });
const busy = (ms = 0, isRetry = false): AdaptiveEvent => ({ type: "busy", startedAtMs: T + ms, isRetry });
const limited = (ms = 0): AdaptiveEvent => ({ type: "limited", startedAtMs: T + ms });
const timeout = (ms = 0): AdaptiveEvent => ({ type: "timeout", startedAtMs: T + ms });

Deno.test("nextStartAt() is an interval after the last start, and not before the group is open", () => {
  equal(nextStartAt(state()), T + 100);
  equal(nextStartAt(state({ openAtMs: T + 500 })), T + 500);
  equal(nextStartAt(state({ openAtMs: T + 5, refusals: 1 })), T + 5, "a pause has the distance in it");
  equal(nextStartAt(state({ probeStartedAtMs: T })), T + 120_000);
});

Deno.test("a departure that is told late does not bring the last start back", () => {
  equal(on({}, { type: "departed", atMs: T + 9 }).lastStartMs, T + 9);
  equal(on({}, { type: "departed", atMs: T - 9 }).lastStartMs, T);
});

Deno.test("what was started before a change says nothing of what holds since", () => {
  const changed = { changedAtMs: T + 10 };
  for (const event of [limited(9), busy(9), timeout(9)]) deepEqual(on(changed, event, 20), state(changed));
  equal(on(changed, ok(9), 20).answered, 0);
  for (const event of [limited(10), busy(10), timeout(10)]) equal(on(changed, event, 20).refusals, 1);
  equal(on(changed, ok(10), 20).answered, 1);
});

Deno.test("a start that never left is taken back: as the last one, as the probe, as one that was paced", () => {
  const gone = adapt(on({}, started, 100), returned(100), { nowMs: T + 110 });
  deepEqual([gone.lastStartMs, gone.paced], [T, 0]);
  const slow = adapt(on({ paced: 3 }, started, 400), returned(400), { nowMs: T + 410 });
  equal(slow.paced, 3, "it had not been counted");
  const probe = adapt(on({ refusals: 1 }, started, 100), returned(100), { nowMs: T + 110 });
  equal(probe.probeStartedAtMs, null);
  equal(on({ beforeLastStartMs: T - 100 }, returned(-100)).lastStartMs, T, "another one came after it");
  const both = { beforeLastStartMs: T - 100, changedAtMs: T, paced: 0 };
  equal(on(both, returned()).paced, 0, "a change has forgotten the count meanwhile");
});

Deno.test("a 503 for a job that had failed before puts the next probe off, and brings it no nearer", () => {
  equal(on({ refusals: 1, openAtMs: T }, busy(0, true)).openAtMs, T + 100);
  equal(on({ refusals: 1, openAtMs: T + 900 }, busy(0, true)).openAtMs, T + 900);
  equal(on({ openAtMs: T }, busy(0, true)).openAtMs, T);
});

Deno.test("an answer tells how long answers take, and when its request seems to have come", () => {
  const after = on({ answerMs: 20 }, ok(), 100);
  deepEqual([after.answerMs, after.lastStartMs], [30, T + 5]);
  equal(
    on({ answerMs: 20, lastStartMs: T + 50 }, ok(), 100).lastStartMs,
    T + 50,
    "another one came after it",
  );
});

Deno.test("the best latency is forgotten slowly, and bettered at once", () => {
  const best = on({ latencyMs: 266, bestLatencyMs: 10 }, ok(0, 266)).bestLatencyMs;
  equal(best, 11);
  equal(on({ latencyMs: 10, bestLatencyMs: 10 }, ok(0, 2)).bestLatencyMs, 9);
});

Deno.test("answers that come in another order leave the last start that was answered", () => {
  equal(on({ lastOkStartMs: T + 50 }, ok()).lastOkStartMs, T + 50);
  equal(on({ lastOkStartMs: T - 50 }, ok()).lastOkStartMs, T);
});

Deno.test("fifty answers with few 503s among them prove an interval", () => {
  const proven = (fields: Partial<AdaptiveState>) =>
    on({ takenMs: 100, taken: 49, ...fields }, ok()).provenMs;
  equal(proven({}), 100);
  equal(proven({ taken: 48 }), null);
  equal(proven({ busyShare: 0.15 }), null);
  equal(proven({ provenMs: 80 }), 80, "the shortest counts");
});

Deno.test("the answers that are to prove an interval are counted on while it becomes a little longer", () => {
  const counted = (fields: Partial<AdaptiveState>, event: AdaptiveEvent) => {
    const { takenMs, taken } = on({ takenMs: 100, taken: 30, ...fields }, event, 10);
    return [takenMs, taken];
  };
  deepEqual(counted({ goodMs: 100 }, limited()), [100, 30]);
  deepEqual(counted({}, limited()), [200, 0], "half the rate is another one");
  const edge = { goodMs: 100, badMs: 80, answered: 2, paced: 2, changedAtMs: T - 5_000 };
  deepEqual(counted(edge, ok()), [Math.sqrt(8_000), 0], "so is a faster one");
});

Deno.test("after several refusals in a row of what held, the average that was delivered is what holds", () => {
  const before = { delivered: 9, deliveredSinceMs: T - 10_000, sinceBusy: 9, probeAtMs: T + 1 };
  const intervalMs = (fields: Partial<AdaptiveState>) => tenths(on({ ...before, ...fields }, ok()));
  equal(intervalMs({ refusals: 1 }), 100);
  equal(intervalMs({ refusals: 2 }), 1_015);
  equal(intervalMs({ refusals: 2, delivered: 8 }), 100, "nine answers are too few for an average");
  equal(intervalMs({ refusals: 2, deliveredSinceMs: T - 10_000_000 }), 60_000, "one a minute is the slowest");
  // 503s may follow each other by chance, and the more where they have nothing to do with the rate.
  equal(intervalMs({ refusals: 2, sinceBusy: 0 }), 100);
  equal(intervalMs({ refusals: 3, sinceBusy: 0 }), 1_015);
  equal(intervalMs({ refusals: 4, sinceBusy: 0, isUnrelated: true }), 100);
  equal(intervalMs({ refusals: 5, sinceBusy: 0, isUnrelated: true }), 1_015);
});

Deno.test("between what held and what failed the middle is tried, after one answer, near what failed after two", () => {
  const intervalMs = (badMs: number, answered: number, paced: number, neededPerSecond = Infinity) =>
    on({ badMs, answered, paced }, ok(), 10, neededPerSecond).intervalMs;
  equal(intervalMs(80, 0, 1), Math.sqrt(8_000));
  equal(intervalMs(80, 0, 0), 100, "a start that came late proves nothing");
  equal(intervalMs(95, 1, 2), Math.sqrt(9_500));
  deepEqual([intervalMs(95, 0, 2), intervalMs(95, 1, 1)], [100, 100]);
  equal(intervalMs(80, 0, 1, 10.5), 1_000 / 10.5, "but no faster than is needed");
});

Deno.test("concurrency rises when each slot has been used twice, and not before its time to what was refused", () => {
  const concurrency = (fields: Partial<AdaptiveState>) =>
    on({ heldMs: 300, concurrency: 2, answered: 3, ...fields }, ok()).concurrency;
  equal(concurrency({}), 3);
  equal(concurrency({ answered: 2 }), 2);
  equal(concurrency({ badConcurrency: 3, probeAtMs: T + 1 }), 2);
  equal(concurrency({ badConcurrency: 3, probeAtMs: T }), 3);
  equal(concurrency({ badConcurrency: 4, probeAtMs: T + 1 }), 3);
});

Deno.test("at the ceiling nothing changes any more", () => {
  const before = { intervalMs: 20, paced: 9, answered: 9, changedAtMs: T - 5_000 };
  const after = on(before, ok());
  deepEqual([after.intervalMs, after.changedAtMs, after.answered], [20, T - 5_000, 10]);
});

/** What held at 100 ms on a host that took requests 80 ms apart, and 10 of them in 1,280 ms. */
const bursty = { goodMs: 100, badMs: 90, leastOkGapMs: 80, fullAtMs: T - 1_280, sinceFull: 10 };

Deno.test("a host that bears bursts and refuses what held is believed by what it took on average", () => {
  const intervalMs = (fields: Partial<AdaptiveState>) => tenths(on({ ...bursty, ...fields }, limited()));
  equal(intervalMs({}), 129.9);
  equal(intervalMs({ refusals: 1 }), 129.9);
  equal(intervalMs({ refusals: 2 }), 200, "not when it refuses again and again");
  equal(intervalMs({ leastOkGapMs: 95 }), 101.5, "not one that never took any closer together");
  equal(intervalMs({ sinceFull: 20 }), 101.5, "nor where that is faster than what was refused");
  equal(intervalMs({ goodMs: null }), 200);
  const { fullAtMs, sinceFull } = on({ ...bursty, badMs: null }, limited());
  deepEqual([fullAtMs, sinceFull], [T, 0], "from where it was growing the average counts anew");
});

Deno.test("a refusal forgets what was counted, and a pause grows to an hour at the most", () => {
  const after = on({ answered: 5, paced: 4, refusals: 20 }, limited());
  deepEqual([after.answered, after.paced, after.refusals], [0, 0, 21]);
  equal(after.openAtMs, T + 3_600_000);
  equal(on({ probeWaitMs: 60_000 }, limited()).probeWaitMs, 120_000);
  equal(
    on({ probeWaitMs: 3_000_000 }, limited()).probeWaitMs,
    3_600_000,
    "as does the wait for the next try",
  );
  const pausing = on({ isUnrelated: true, goodMs: 100, badMs: 90, refusals: 20 }, busy());
  deepEqual([pausing.intervalMs, pausing.openAtMs], [100, T + 3_600_000]);
});

Deno.test("a refusal after concurrency was raised speaks against that alone", () => {
  const after = on({ concurrency: 2, raisedConcurrency: true }, limited());
  deepEqual([after.intervalMs, after.concurrency, after.badConcurrency], [100, 1, 2]);
  equal(after.openAtMs, T + 100);
});

Deno.test("503s that had nothing to do with the rate are refusals once they are every fifth answer", () => {
  const unrelated = { isUnrelated: true, provenMs: 100, goodMs: 100, badMs: 90, sinceBusy: 9 };
  const few = on(unrelated, busy());
  deepEqual([few.isUnrelated, few.provenMs, few.intervalMs, few.busyShare], [true, 100, 100, 1 / 32]);
  const many = on({ ...unrelated, busyShare: 0.2 }, busy());
  deepEqual([many.isUnrelated, many.provenMs], [false, null]);
});

Deno.test("503s in a row are refusals where no edge was found, and never tell an average", () => {
  equal(on({ isUnrelated: true }, busy()).intervalMs, 200);
  equal(on({ isUnrelated: true, goodMs: 100, badMs: 90 }, busy()).intervalMs, 100);
  const refused = on({ ...bursty, doubtedMs: 90 }, busy());
  deepEqual([tenths(refused), refused.doubtedMs], [101.5, null]);
});

Deno.test("a 503 alone makes an edge that was found before doubtful, and puts the next try off", () => {
  const edge = { goodMs: 100, badMs: 90, sinceBusy: 4 };
  const doubted = on(edge, busy(), 10);
  deepEqual([tenths(doubted), doubted.doubtedMs], [101.5, 100]);
  equal(doubted.probeAtMs, T + 10 + 60_000);
  // Where no edge was found, or while it is searched for, there is nothing to doubt.
  for (const fields of [{ badMs: null }, { goodMs: null }, { goodMs: 120 }]) {
    equal(on({ ...edge, ...fields }, busy(), 10).intervalMs, 100);
  }
});

Deno.test("an edge is where it was when 503s go on at twice its interval: they have nothing to do with it", () => {
  const after = on({ goodMs: 100, badMs: 90, sinceBusy: 4, doubtedMs: 45 }, busy());
  deepEqual([after.intervalMs, after.doubtedMs, after.isUnrelated], [45, null, true]);
});

Deno.test("a time-out pauses for an interval and forgets no refusal", () => {
  const after = on({ refusals: 3 }, timeout(), 10);
  deepEqual([after.intervalMs, after.openAtMs, after.refusals], [200, T + 210, 3]);
  equal(on({ refusals: 1, probeStartedAtMs: T }, timeout(), 10).probeStartedAtMs, null);
});

Deno.test("a refusal puts the next try of the edge off if it has been found, and not while it is searched for", () => {
  const wait = (goodMs: number | null) => on({ goodMs }, limited()).probeWaitMs;
  deepEqual([wait(103), wait(150), wait(null)], [120_000, 60_000, 120_000]);
});

Deno.test("the shortest interval that held is remembered, while growing and when the edge is tried anew", () => {
  const tried = { goodMs: 80, badMs: 70, answered: 5, paced: 5 };
  equal(on(tried, ok(), 0, 1).goodMs, 80);
  const grown = on({ paced: 1, changedAtMs: T - 5_000 }, ok());
  deepEqual([grown.goodMs, grown.intervalMs < 100], [100, true]);
  const anew = on({ goodMs: 100, badMs: 98, probeAtMs: T }, ok());
  deepEqual([anew.goodMs, anew.badMs, tenths(anew)], [100, null, 96.2]);
  equal(on({ goodMs: 100, badMs: 98, probeAtMs: T + 1 }, ok()).badMs, 98, "not before its time");
});

Deno.test("the steps from an edge double until they are ordinary ones", () => {
  const stride = (before: number) => on({ stride: before, paced: 1, changedAtMs: T - 5_000 }, ok()).stride;
  deepEqual([stride(0.04), stride(0.5)], [0.08, null]);
});
