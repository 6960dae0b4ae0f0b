import { equal } from "node:assert/strict";
import { freshState, initialAdaptiveState, isIdleSince, parseGroupState } from "../../src/limits/mod.ts";

const DAY_MS = 86_400_000;
const then = 20_000 * DAY_MS;

Deno.test("isIdleSince() tells groups that nobody asked since, paused or set by hand", () => {
  const idle = (fields: object) => isIdleSince(JSON.stringify({ ...freshState(), ...fields }), then);
  equal(idle({}), true);
  equal(idle({ coolUntil: then - 1 }), true);
  equal(idle({ coolUntil: then }), false);
  equal(idle({ adaptive: { ...initialAdaptiveState(), lastStartMs: then - 1 } }), true);
  equal(idle({ adaptive: { ...initialAdaptiveState(), lastStartMs: then } }), false);
  equal(idle({ adaptive: { ...initialAdaptiveState(), openAtMs: then } }), false);
  equal(idle({ buckets: { "1/s": { level: 0, at: then } } }), false);
  equal(idle({ budget: { day: then - DAY_MS, used: 1 } }), false);
  equal(idle({ operator: { concurrency: 1 } }), false);
});

Deno.test("parseGroupState() begins anew with what an earlier version did not know", () => {
  const { sinceBusy: _, ...before } = initialAdaptiveState();
  const state = parseGroupState(JSON.stringify({ adaptive: { ...before, intervalMs: 7 } }));
  equal(state.adaptive?.intervalMs, 7);
  equal(state.adaptive?.sinceBusy, 0);
});
