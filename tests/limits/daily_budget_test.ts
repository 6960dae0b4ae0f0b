import { deepEqual, equal } from "node:assert/strict";
import { budgetLeft, type BudgetUse, charge } from "../../src/limits/daily_budget.ts";

const MINUTE_MS = 60_000;
const BUDGET = { limit: 10 };
const NOON = Date.UTC(2026, 0, 1, 12);
const MIDNIGHT = Date.UTC(2026, 0, 2);

/** How many calls are left at `now` after `calls` of one unit each. */
function leftAfter(calls: readonly number[], now: number): number {
  let use: BudgetUse = { day: 0, used: 0 };
  for (const call of calls) use = charge(BUDGET, use, { units: 1, at: call }, call);
  return budgetLeft(BUDGET, use, now).calls;
}

Deno.test("charge() counts a call just before the reset for both days", () => {
  equal(leftAfter([NOON, MIDNIGHT - MINUTE_MS], NOON), 8);
  equal(leftAfter([NOON, MIDNIGHT - MINUTE_MS], MIDNIGHT + 10 * MINUTE_MS), 9);
});

Deno.test("budgetLeft() just after the reset gives no more than both days allow", () => {
  const calls = Array.from({ length: 8 }, () => NOON);
  equal(leftAfter(calls, MIDNIGHT + MINUTE_MS), 2);
  equal(leftAfter(calls, MIDNIGHT + 10 * MINUTE_MS), 10);
});

Deno.test("budgetLeft() gives nothing back when the clock is set back over the reset", () => {
  const calls = Array.from({ length: 10 }, () => MIDNIGHT + 10 * MINUTE_MS);
  equal(leftAfter(calls, MIDNIGHT - MINUTE_MS), 0);
});

Deno.test("budgetLeft() of a budget that is used up names an instant at which there is more", () => {
  let use: BudgetUse = { day: 0, used: 0 };
  for (let call = 0; call < 10; call++) use = charge(BUDGET, use, { units: 1, at: NOON }, NOON);
  const { calls, moreAt } = budgetLeft(BUDGET, use, NOON);
  deepEqual([calls, budgetLeft(BUDGET, use, moreAt).calls], [0, 10]);
});

Deno.test("charge() gives back to each day what it had counted for it, over the reset too", () => {
  const untouched = charge(BUDGET, { day: 0, used: 0 }, { units: 1, at: NOON }, NOON);
  for (const at of [NOON, MIDNIGHT - MINUTE_MS, MIDNIGHT + MINUTE_MS]) {
    for (const later of [at, MIDNIGHT + 2 * MINUTE_MS, MIDNIGHT + 10 * MINUTE_MS]) {
      const use = charge(BUDGET, untouched, { units: 9, at }, at);
      const back = charge(BUDGET, use, { units: -9, at }, later);
      for (const now of [later, MIDNIGHT + 3 * MINUTE_MS, MIDNIGHT + 10 * MINUTE_MS]) {
        if (now < later) continue;
        equal(budgetLeft(BUDGET, back, now).calls, budgetLeft(BUDGET, untouched, now).calls);
      }
    }
  }
});
