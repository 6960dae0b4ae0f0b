import { deepEqual, equal } from "node:assert/strict";
import { freshState, type GroupLimits, LimitGroup, type TokenBucketSnapshot } from "../../src/limits/mod.ts";
import type { RateWindow } from "../../src/model/rate.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { limits } from "./_groups.ts";

const HOURLY: RateWindow = { limit: 1, perMs: 3_600_000 };

/** A group of one window, whose bucket was kept as stated: its level, and how far ahead of now. */
function keeping(windows: readonly RateWindow[], rate: string, { level, at }: TokenBucketSnapshot) {
  const clock = new VirtualClock();
  const state = { ...freshState(), buckets: { [rate]: { level, at: clock.now() + at } } };
  return { clock, group: new LimitGroup("a", limits({ windows }), clock, state) };
}

/** Starts as much as there is room for. */
function start(group: LimitGroup): number {
  let started = 0;
  for (; started < 1_000 && group.room(0).count > 0; started++) group.take();
  return started;
}

Deno.test("room() with two windows used up is there when the later one opens", () => {
  for (const windows of [[HOURLY, { limit: 1, perMs: 1_000 }], [{ limit: 1, perMs: 1_000 }, HOURLY]]) {
    const clock = new VirtualClock();
    const group = new LimitGroup("a", limits({ windows }), clock);
    equal(start(group), 1);
    equal(group.room(0).until >= clock.now() + HOURLY.perMs, true);
  }
});

Deno.test("starts that a window allows within 50 ms may leave together", async () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits({ windows: [{ limit: 200, perMs: 1_000 }] }), clock);
  await clock.advance(1_000);
  equal(start(group), 10);
});

Deno.test("a token that rounding has made a millionth too small is one, and is charged", () => {
  const { group } = keeping([HOURLY], "1/h", { level: 1 - 1e-7, at: 0 });
  equal(start(group), 1);
});

Deno.test("a kept level is lent no time by a clock that lies a little behind its own", async () => {
  const { clock, group } = keeping([{ limit: 1, perMs: 1_000 }], "1/s", { level: 0, at: 3_000 });
  await clock.advance(3_000);
  equal(group.room(0).count, 0);
  await clock.advance(1_025);
  equal(group.room(0).count, 1);
});

Deno.test("a departure that is told late gives no token twice", async () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits({ windows: [{ limit: 100, perMs: 1_000 }] }), clock);
  await clock.advance(1_000);
  const grantedAt = clock.now();
  group.take();
  group.setPending(1, grantedAt);
  await clock.advance(10_000);
  equal(start(group), 4, "one of five is still held");
  group.setPending(0, grantedAt);
  equal(start(group), 0);
});

Deno.test("setLimits() keeps waiting for a request that has not left", async () => {
  const windows = [{ limit: 1, perMs: 1_000 }];
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits({ windows }), clock);
  group.take();
  group.setPending(1, clock.now());
  group.setLimits(limits({ windows, concurrency: 9 }));
  await clock.advance(5_000);
  equal(group.room(0).count, 0);
});

Deno.test("setLimits() keeps the level of each rate, wherever it stands", () => {
  const clock = new VirtualClock();
  const fast = { limit: 100, perMs: 1_000 };
  const group = new LimitGroup("a", limits({ windows: [HOURLY, fast] }), clock);
  equal(start(group), 1);
  group.snapshot();
  group.setLimits(limits({ windows: [fast] }));
  group.setLimits(limits({ windows: [fast, HOURLY] }));
  equal(start(group), 0);
});

Deno.test("snapshot() keeps the buckets of the rates in force, and of no others", () => {
  const group = new LimitGroup("a", limits({ windows: [HOURLY] }), new VirtualClock());
  deepEqual(Object.keys(group.snapshot().buckets), ["1/h"]);
  group.setLimits(limits({ windows: [{ limit: 9, perMs: 1_000 }] }));
  deepEqual(Object.keys(group.snapshot().buckets), ["9/s"]);
});

Deno.test("where learned limits may raise those that are set, these hold until any is learned", () => {
  const group = new LimitGroup("a", limits({ windows: [HOURLY], raise: true }), new VirtualClock());
  deepEqual(group.windows, [HOURLY]);
});

Deno.test("what an operator set stands above the configuration until it is taken back", () => {
  const before: GroupLimits = limits({ windows: [HOURLY], concurrency: 5, dailyBudget: { limit: 9 } });
  const group = new LimitGroup("a", before, new VirtualClock());
  group.adopt({ ...freshState(), operator: { concurrency: 2 } });
  group.setLimits({ ...before, concurrency: 7 });
  equal(group.concurrency, 2, "a changed configuration does not undo it");
  deepEqual(group.snapshot().configured, { concurrency: 7, rates: ["1/h"], dailyBudget: 9 });
  group.adopt(freshState());
  equal(group.concurrency, 7, "then the changed configuration holds");
});
