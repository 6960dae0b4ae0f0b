import { deepEqual, equal } from "node:assert/strict";
import {
  freshState,
  initialAdaptiveState,
  isIdleSince,
  parseGroupState,
  withOperatorLimits,
} from "../../src/limits/mod.ts";
import { underOperator } from "../../src/limits/group_state.ts";
import { limits } from "./_groups.ts";

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

Deno.test("parseGroupState() gives every field, also of a row that has but one", () => {
  deepEqual(parseGroupState('{"coolUntil":7}'), { ...freshState(), coolUntil: 7 });
});

Deno.test("underOperator() puts what an operator set in place of what is configured, and leaves the rest", () => {
  const configured = limits({
    concurrency: 5,
    windows: [{ limit: 1, perMs: 1_000 }],
    dailyBudget: { limit: 9, resetHourUtc: 7 },
  });
  deepEqual(underOperator(configured, null), configured);
  deepEqual(underOperator(configured, { concurrency: 2 }), { ...configured, concurrency: 2 });
  deepEqual(underOperator(configured, { windows: [] }), { ...configured, windows: [] });
  const dailyBudget = { limit: 3, resetHourUtc: 7 };
  deepEqual(underOperator(configured, { dailyBudget: 3 }), { ...configured, dailyBudget });
});

Deno.test("withOperatorLimits() keeps all else that is known of the group", () => {
  const row = JSON.stringify({ ...freshState(), coolUntil: 7, operator: { concurrency: 1 } });
  deepEqual(parseGroupState(withOperatorLimits(row, { concurrency: 2 })), {
    ...freshState(),
    coolUntil: 7,
    operator: { concurrency: 2 },
  });
});
