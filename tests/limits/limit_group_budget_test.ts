import { deepEqual, equal } from "node:assert/strict";
import {
  ADAPTIVE_DEFAULTS,
  type DailyBudget,
  GroupBook,
  type GroupLimits,
  LimitGroup,
} from "../../src/limits/mod.ts";
import type { Feedback } from "../../src/model/permit.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function limits(fields: { readonly dailyBudget: DailyBudget }): GroupLimits {
  return {
    concurrency: 100,
    windows: [],
    adaptive: { start: "full", options: ADAPTIVE_DEFAULTS },
    ...fields,
  };
}

/** Starts as much as there is room for; gives how much that was. */
function start(group: LimitGroup): number {
  let started = 0;
  for (; group.room(0).count > 0; started++) group.take();
  return started;
}

/** An answer that says what it cost. */
function costing(usd: number): Feedback {
  const headers = new Headers({ "x-ratelimit-cost-usd": String(usd) });
  return { type: "answered", status: 200, headers, latencyMs: 10 };
}

Deno.test("a budget is never exceeded by one call", () => {
  const group = new LimitGroup(
    "a",
    limits({ dailyBudget: { limit: 5 } }),
    new VirtualClock(Date.UTC(2026, 0, 1, 12)),
  );
  equal(start(group), 5);
  equal(group.room(0).why, "budget");
});

Deno.test("a budget counts in the API's units", () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const group = new LimitGroup("a", limits({ dailyBudget: { limit: 10 } }), clock);
  group.learn(costing(7), clock.now(), group.take());
  equal(group.state.budget.used, 7);
  equal(group.room(0).count, 0, "another one like it is too much");
});

Deno.test("a call reserves what the dearest one cost, and is charged what its own did", () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const group = new LimitGroup("a", limits({ dailyBudget: { limit: 10 } }), clock);
  const charges = [group.take(), group.take(), group.take()];
  equal(group.room(0).count, 7, "one each until an answer says more");
  for (const [index, cost] of [0.5, 2, 0.5].entries()) {
    group.learn(costing(cost), clock.now(), charges[index]);
  }
  equal(group.state.budget.used, 3);
  equal(start(group), 3);
  equal(group.state.budget.used, 9);
  equal(group.room(0).why, "budget");
});

Deno.test("a budget of less than one unit, or of one, lasts for what calls cost", () => {
  for (const limit of [0.1, 1]) {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
    const group = new LimitGroup("a", limits({ dailyBudget: { limit } }), clock);
    const first = group.take();
    equal(group.room(0).count, 0, "nobody knows yet how much the first one costs");
    group.learn(costing(0.001), clock.now(), first);
    const calls = Math.round(limit / 0.001);
    equal(group.room(0).count, Math.min(100, calls - 1));
    let made = 1;
    for (; group.room(0).count > 0; made++) group.learn(costing(0.001), clock.now(), group.take());
    equal(made, calls);
  }
});

Deno.test("a call that did not leave gives back what it had reserved, whatever has been learned since", () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const group = new LimitGroup("a", limits({ dailyBudget: { limit: 10 } }), clock);
  const [one, other] = [group.take(), group.take()];
  group.learn(costing(4), clock.now(), one);
  group.refund(clock.now(), false, other);
  equal(group.state.budget.used, 4);
});

Deno.test("what a call cost on one day is expected on the next, until that has answers of its own", async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const group = new LimitGroup("a", limits({ dailyBudget: { limit: 10 } }), clock);
  group.learn(costing(5), clock.now(), group.take());
  await clock.advance(DAY_MS);
  equal(group.room(0).count, 2);
  group.learn(costing(1), clock.now(), group.take());
  equal(group.room(0).count, 9);
});

Deno.test("a call that costs more than the day has is made once a day, and not never", async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const group = new LimitGroup("a", limits({ dailyBudget: { limit: 2 } }), clock);
  group.learn(costing(3), clock.now(), group.take());
  equal(group.room(0).count, 0);
  await clock.advance(DAY_MS);
  equal(start(group), 1);
});

Deno.test("a budget is filled up at the provider's hour, not before", async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const rules = limits({ dailyBudget: { limit: 2, resetHourUtc: 7 } });
  let group = new LimitGroup("a", rules, clock);
  equal(start(group), 2);
  const reset = Date.UTC(2026, 0, 2, 7);
  equal(group.room(0).until >= reset, true);
  await clock.advanceTo(reset - 1);
  equal(group.room(0).count, 0);
  group = new LimitGroup("a", rules, clock, JSON.parse(JSON.stringify(group.snapshot())));
  equal(group.room(0).count, 0, "a restart does not fill it up");
  await clock.advanceTo(group.room(0).until);
  equal(clock.now() - reset <= HOUR_MS, true);
  equal(group.room(0).count, 2);
});

Deno.test("a budget with less than a call left closes the group until there is more", () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const group = new LimitGroup("a", limits({ dailyBudget: { limit: 1.5 } }), clock);
  equal(start(group), 1);
  const { count, until, why } = group.room(0);
  deepEqual([count, why], [0, "budget"]);
  equal(until >= Date.UTC(2026, 0, 2), true);
});

Deno.test("a call of a new day reserves what was dear on the one before until an answer says more", async () => {
  for (const days of [1, 2]) {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
    const group = new LimitGroup("a", limits({ dailyBudget: { limit: 20 } }), clock);
    group.learn(costing(7), clock.now(), group.take());
    await clock.advance(days * DAY_MS);
    group.take();
    equal(group.room(0).count, 1);
  }
});

Deno.test("a permit's answer is charged instead of what was reserved, in the book too", () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const rules = limits({ dailyBudget: { limit: 20 } });
  const book = new GroupBook({ clock, limitsOf: () => rules, onNews: () => {} });
  const permit = book.acquire(["a"]);
  if (permit.type === "closed") throw new Error("the group is open");
  permit.report(costing(7));
  permit[Symbol.dispose]();
  book.settle();
  equal(book.views()[0]?.group.state.budget.used, 7);
});
