import { deepEqual, equal } from "node:assert/strict";
import { afterClockStep } from "../../src/limits/_after_clock_step.ts";
import { type AdaptiveState, initialAdaptiveState } from "../../src/limits/mod.ts";

const NOW = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

/** Every instant of the state, as how far after `at` it lies. */
function around(at: number): AdaptiveState {
  return {
    ...initialAdaptiveState(),
    changedAtMs: at - 1,
    openAtMs: at + 2,
    probeAtMs: at + 3,
    probeStartedAtMs: at - 4,
    lastStartMs: at,
    lastOkStartMs: at - 5,
    beforeLastStartMs: at - 6,
    deliveredSinceMs: at - 7,
    fullAtMs: at - 8,
  };
}

Deno.test("afterClockStep() keeps the distances of all instants when the clock was set back", () => {
  deepEqual(afterClockStep(around(NOW + HOUR_MS), NOW), around(NOW));
});

Deno.test("afterClockStep() goes by the last of what has happened, a start or a change", () => {
  const state = { ...around(NOW + HOUR_MS), changedAtMs: NOW + 2 * HOUR_MS };
  equal(afterClockStep(state, NOW).changedAtMs, NOW);
  equal(afterClockStep({ ...state, lastStartMs: null }, NOW).changedAtMs, NOW);
});

Deno.test("afterClockStep() leaves alone what two processes' clocks may differ by", () => {
  for (const aheadMs of [-HOUR_MS, 0, 5_000]) {
    deepEqual(afterClockStep(around(NOW + aheadMs), NOW), around(NOW + aheadMs));
  }
  deepEqual(afterClockStep(around(NOW + 5_001), NOW), around(NOW), "and nothing more");
});
