import { deepEqual, equal } from "node:assert/strict";
import { budgetLeft, type BudgetUse, charge, learnCost } from "../../src/limits/daily_budget.ts";

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

Deno.test("budgetLeft() in the minutes after the reset, when both days are used up, has more when these are over", () => {
  let use: BudgetUse = { day: 0, used: 0 };
  for (let call = 0; call < 10; call++) use = charge(BUDGET, use, { units: 1, at: NOON }, NOON);
  deepEqual(budgetLeft(BUDGET, use, MIDNIGHT + MINUTE_MS), { calls: 0, moreAt: MIDNIGHT + 5 * MINUTE_MS });
});

Deno.test("budgetLeft() in the minutes after the reset counts what is used in them for both days", () => {
  const sevenAtNoon = Array.from({ length: 7 }, () => NOON);
  equal(leftAfter([...sevenAtNoon, MIDNIGHT + MINUTE_MS, MIDNIGHT + MINUTE_MS], MIDNIGHT + 2 * MINUTE_MS), 1);
  const nineLate = Array.from({ length: 9 }, () => MIDNIGHT - MINUTE_MS);
  equal(leftAfter(nineLate, MIDNIGHT + MINUTE_MS), 1);
  equal(leftAfter([NOON, ...nineLate], MIDNIGHT + MINUTE_MS), 0);
});

Deno.test("budgetLeft() of a new day that is used up in its first minutes waits for the next", () => {
  const calls = Array.from({ length: 10 }, () => MIDNIGHT + MINUTE_MS);
  let use: BudgetUse = { day: 0, used: 0 };
  for (const call of calls) use = charge(BUDGET, use, { units: 1, at: call }, call);
  const { calls: left, moreAt } = budgetLeft(BUDGET, use, MIDNIGHT + 2 * MINUTE_MS);
  deepEqual([left, moreAt > MIDNIGHT + 24 * 60 * MINUTE_MS], [0, true]);
});

Deno.test("charge() counts calls at the border five minutes before the reset, and no earlier", () => {
  const next = MIDNIGHT + 10 * MINUTE_MS;
  equal(leftAfter([MIDNIGHT - 5 * MINUTE_MS], next), 9);
  equal(leftAfter([MIDNIGHT - 5 * MINUTE_MS - 1], next), 10);
});

Deno.test("charge() gives back no more than was used", () => {
  const use = charge(BUDGET, { day: 0, used: 0 }, { units: -3, at: NOON }, NOON);
  equal(budgetLeft(BUDGET, use, NOON).calls, 10);
});

Deno.test("charge() carries late calls over to the next day only", () => {
  const day = 24 * 60 * MINUTE_MS;
  equal(leftAfter([MIDNIGHT - MINUTE_MS, NOON + day], NOON + 2 * day), 10);
  equal(leftAfter([MIDNIGHT - MINUTE_MS], NOON + 2 * day), 10, "a day without any call lies between");
  equal(leftAfter(Array.from({ length: 9 }, () => NOON), MIDNIGHT + day + MINUTE_MS), 10);
});

Deno.test("budgetLeft() begins anew when the clock was set back by more than minutes", () => {
  const calls = Array.from({ length: 10 }, () => MIDNIGHT + 10 * MINUTE_MS);
  equal(leftAfter(calls, MIDNIGHT - 6 * MINUTE_MS), 10);
});

Deno.test("charge() gives back to the day of the call, and nothing of what was used since", () => {
  let use = charge(BUDGET, { day: 0, used: 0 }, { units: 9, at: NOON }, NOON);
  const later = MIDNIGHT + 6 * MINUTE_MS;
  use = charge(BUDGET, use, { units: 5, at: later }, later);
  use = charge(BUDGET, use, { units: -9, at: NOON }, later);
  equal(budgetLeft(BUDGET, use, later).calls, 5);
});

Deno.test("budgetLeft() of a budget that is used up gives no call, even of those that cost nothing", () => {
  const free = learnCost(BUDGET, { day: 0, used: 0 }, 0, NOON);
  equal(budgetLeft(BUDGET, free, NOON).calls, Infinity);
  const used = charge(BUDGET, free, { units: 10, at: NOON }, NOON);
  equal(budgetLeft(BUDGET, used, NOON).calls, 0);
});
