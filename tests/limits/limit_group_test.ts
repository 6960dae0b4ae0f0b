import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import {
  ADAPTIVE_DEFAULTS,
  freshState,
  type GroupState,
  initialAdaptiveState,
  LimitGroup,
  parseGroupState,
  withOperatorLimits,
} from "../../src/limits/mod.ts";
import type { RateWindow } from "../../src/model/rate.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { answered, limits } from "./_groups.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Starts as much as there is room for, at most `most`; gives how much that was. */
function start(group: LimitGroup, most = 1_000): number {
  let started = 0;
  while (started < most && group.room(0).count > 0) {
    group.take();
    started++;
  }
  return started;
}

/** The most starts that any span of `perMs` holds, both ends not included at once. */
function mostWithin(starts: readonly number[], { perMs }: RateWindow): number {
  let most = 0;
  for (let first = 0, last = 0; last < starts.length; last++) {
    while ((starts[last] ?? 0) - (starts[first] ?? 0) >= perMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function assertWithin(starts: readonly number[], windows: readonly RateWindow[]): void {
  for (const window of windows) {
    const most = mostWithin(starts, window);
    equal(most <= window.limit, true, `${most} starts in ${window.perMs} ms; ${window.limit} are allowed`);
  }
}

/** What goes into the database and comes out of it. */
function kept(group: LimitGroup): GroupState {
  return JSON.parse(JSON.stringify(group.snapshot()));
}

const aWindow: fc.Arbitrary<RateWindow> = fc.record({
  limit: fc.integer({ min: 1, max: 200 }),
  perMs: fc.constantFrom(50, 333, 1_000, 3_000, 60_000, HOUR_MS),
});
/** Waits between two looks: mostly short and uneven, now and then long. */
const waits = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: 0, max: 40, noNaN: true }) },
    { weight: 2, arbitrary: fc.double({ min: 0, max: 3_000, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: HOUR_MS, noNaN: true }) },
  ),
  { minLength: 20, maxLength: 200 },
);

Deno.test("LimitGroup allows no more starts in any span of a window than its limit", async () => {
  const property = fc.asyncProperty(
    fc.array(aWindow, { minLength: 1, maxLength: 3 }),
    waits,
    async (windows, gaps) => {
      const clock = new VirtualClock();
      const group = new LimitGroup("a", limits({ windows }), clock);
      const starts: number[] = [];
      for (const gap of gaps) {
        await clock.advance(gap);
        for (let n = start(group); n > 0; n--) starts.push(clock.now());
      }
      assertWithin(starts, windows);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

Deno.test("LimitGroup reaches nearly the rate of its window", async () => {
  for (const [limit, perMs] of [[10, 1_000], [1, 3_000], [100, 60_000]] as const) {
    const clock = new VirtualClock();
    const group = new LimitGroup("a", limits({ windows: [{ limit, perMs }] }), clock);
    let starts = 0;
    for (let at = 0; at < 20 * perMs; at += 5) {
      starts += start(group);
      await clock.advance(5);
    }
    equal(starts >= 0.95 * 20 * limit, true, `${starts} starts in 20 windows of ${limit}`);
  }
});

Deno.test("room() tells when the window opens, and that is when it does", async () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits({ windows: [{ limit: 1, perMs: 3_000 }] }), clock);
  equal(start(group), 1);
  const { until, why } = group.room(0);
  equal(why, "rate");
  await clock.advanceTo(until - 1);
  equal(group.room(0).count, 0);
  await clock.advanceTo(until);
  equal(group.room(0).count, 1);
});

Deno.test("room() is what concurrency leaves", () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits({ concurrency: 3 }), clock);
  deepEqual([0, 2, 3, 4].map((inFlight) => group.room(inFlight).count), [3, 1, 0, 0]);
  equal(group.room(3).why, "concurrency");
  equal(group.room(3).until, clock.now() + 100, "when to ask again");
});

Deno.test("LimitGroup does not burst after a restart, whenever it comes and however far the clock was set back", async () => {
  const cut = fc.record({
    after: fc.nat(199),
    downMs: fc.nat(5_000),
    backMs: fc.constantFrom(0, 3, 7_000, DAY_MS),
  });
  const property = fc.asyncProperty(aWindow, waits, cut, async (window, gaps, { after, downMs, backMs }) => {
    let clock = new VirtualClock();
    let offsetMs = 0;
    let group = new LimitGroup("a", limits({ windows: [window] }), clock);
    const starts: number[] = [];
    for (const [index, gap] of gaps.entries()) {
      if (index === after % gaps.length) {
        clock = new VirtualClock(clock.now() + downMs - backMs);
        offsetMs = backMs;
        group = new LimitGroup("a", limits({ windows: [window] }), clock, kept(group));
      }
      await clock.advance(gap);
      for (let n = start(group); n > 0; n--) starts.push(clock.now() + offsetMs);
    }
    assertWithin(starts, [window]);
  });
  await fc.assert(property, { numRuns: 60 });
});

Deno.test("LimitGroup is open again soon after a clock that was far ahead has been set right", async () => {
  for (const begin of ["full", "gentle"] as const) {
    const rules = limits({
      windows: [{ limit: 1, perMs: 1_000 }],
      adaptive: { start: begin, options: ADAPTIVE_DEFAULTS },
    });
    const ahead = new VirtualClock();
    const before = new LimitGroup("a", rules, ahead);
    equal(start(before), 1);
    const startedAt = ahead.now();
    await ahead.advance(10);
    before.learn(answered(200), startedAt);
    const right = new VirtualClock(ahead.now() - DAY_MS);
    const group = new LimitGroup("a", rules, right, kept(before));
    equal(group.room(0).count, 0, `${begin}: it does not burst`);
    await right.advance(5_000);
    equal(group.room(0).count, 1, `${begin}: it is not closed for a day`);
  }
});

Deno.test("LimitGroup keeps a Retry-After over a restart", async () => {
  for (const backMs of [0, 60_000]) {
    const clock = new VirtualClock();
    const before = new LimitGroup("a", limits(), clock);
    start(before, 1);
    before.learn(answered(429, { "retry-after": "5000" }), clock.now());
    const instant = clock.now() + 5_000_000;
    const later = new VirtualClock(clock.now() + 1_000 - backMs);
    const group = new LimitGroup("a", limits(), later);
    group.adopt(kept(before));
    deepEqual(group.room(0), { count: 0, until: instant, why: "cool-down" });
    await later.advanceTo(instant - 1);
    equal(group.room(0).count, 0);
    await later.advanceTo(instant);
    equal(group.room(0).count, 1);
  }
});

Deno.test("a Retry-After closes the group at once, as seconds and as a date, for as long as stated", async () => {
  const start = Date.UTC(2026, 0, 1);
  const cases: readonly (readonly [number, string, number])[] = [
    [429, "5", 5_000],
    [429, "120", 120_000],
    [429, "5000", 5_000_000],
    [429, "1000000", 1_000_000_000],
    [503, "120", 120_000],
    [403, "120", 120_000],
    [429, "Thu, 01 Jan 2026 01:23:20 GMT", 5_000_000],
    [503, "Thursday, 01-Jan-26 00:02:00 GMT", 120_000],
  ];
  for (const [status, value, waitMs] of cases) {
    const clock = new VirtualClock(start);
    const group = new LimitGroup("a", limits(), clock);
    group.take();
    group.learn(answered(status, { "retry-after": value }), clock.now());
    deepEqual(group.room(0), { count: 0, until: start + waitMs, why: "cool-down" }, `${status} ${value}`);
    await clock.advance(waitMs - 1);
    equal(group.room(0).count, 0);
    await clock.advance(1);
    equal(group.room(0).count, 1, "then one probe, not a burst");
  }
});

Deno.test("a shorter Retry-After does not open what a longer one has closed", () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits(), clock);
  group.take();
  group.take();
  group.learn(answered(429, { "retry-after": "5000" }), clock.now());
  group.learn(answered(429, { "retry-after": "5" }), clock.now());
  equal(group.room(0).until, clock.now() + 5_000_000);
});

Deno.test("a refusal that names no time is backed off from, for a second where full speed was asked", () => {
  const gentle = { start: "gentle", options: ADAPTIVE_DEFAULTS } as const;
  const unwilling = answered(422, {}, { message: "Too many requests" });
  for (const refusal of [answered(429), unwilling]) {
    const clock = new VirtualClock();
    const group = new LimitGroup("a", limits(), clock);
    group.take();
    group.learn(refusal, clock.now());
    deepEqual(group.room(0), { count: 0, until: clock.now() + 1_000, why: "cool-down" });
  }
  for (const [refusal, fields] of [[answered(503), {}], [answered(429), { adaptive: gentle }]] as const) {
    const clock = new VirtualClock();
    const group = new LimitGroup("a", limits(fields), clock);
    group.take();
    group.learn(refusal, clock.now());
    equal(group.room(0).count, 0);
    equal(group.room(0).why, "probe");
  }
});

Deno.test("a bare 503 makes a host rest, unless it comes for a job that had failed before", () => {
  for (const isRetry of [false, true]) {
    const clock = new VirtualClock();
    const gentle = { start: "gentle", options: ADAPTIVE_DEFAULTS } as const;
    const group = new LimitGroup("a", limits({ adaptive: gentle }), clock);
    group.take();
    group.learn(answered(503, {}, { isRetry }), clock.now());
    equal(group.room(0).why, isRetry ? "rate" : "probe");
  }
});

Deno.test("the pause after a refusal of a fast host may be over before the refusal is known", async () => {
  const clock = new VirtualClock();
  const options = { ...ADAPTIVE_DEFAULTS, initialPerSecond: 10 };
  const group = new LimitGroup("a", limits({ adaptive: { start: "gentle", options } }), clock);
  for (let n = 0; n < 5; n++) {
    group.take();
    const startedAt = clock.now();
    await clock.advance(40);
    group.learn(answered(200), startedAt);
    await clock.advance(70);
  }
  group.take();
  const refusedAt = clock.now();
  await clock.advance(40);
  group.learn(answered(429), refusedAt);
  equal(group.room(0).count, 1);
});

Deno.test("an archived refusal closes nothing", () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits(), clock);
  group.take();
  group.learn(
    answered(429, { "retry-after": "5000", "memento-datetime": "Thu, 01 Jan 2015 00:00:00 GMT" }),
    clock.now(),
  );
  equal(group.room(0).count, 100);
  equal(group.state.seen.limited, 0);
});

Deno.test("a window that the server says is used up closes the group until it is reset", () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits(), clock);
  group.take();
  const headers = { "ratelimit-limit": "10", "ratelimit-remaining": "0", "ratelimit-reset": "30" };
  group.learn(answered(200, headers), clock.now());
  deepEqual(group.room(0), { count: 0, until: clock.now() + 30_000, why: "cool-down" });
});

Deno.test("learned limits lower those that are set, and raise them only if the operator allows", () => {
  const clock = new VirtualClock();
  const tell = (raise: boolean, rate: string, concurrency: string) => {
    const group = new LimitGroup(
      "a",
      limits({ concurrency: 3, windows: [{ limit: 10, perMs: 1_000 }], raise }),
      clock,
    );
    group.take();
    const headers = {
      "x-rate-limit-limit": rate,
      "x-rate-limit-interval": "1s",
      "x-concurrency-limit": concurrency,
    };
    group.learn(answered(200, headers), clock.now());
    const perSecond = Math.min(...group.windows.map(({ limit, perMs }) => limit * 1_000 / perMs));
    return [perSecond, group.concurrency];
  };
  deepEqual(tell(false, "5", "1"), [5, 1]);
  deepEqual(tell(false, "150", "50"), [10, 3]);
  deepEqual(tell(true, "5", "1"), [5, 1]);
  deepEqual(tell(true, "150", "50"), [150, 50]);
});

Deno.test("learned windows hold from the answer on, and over a restart", async () => {
  const clock = new VirtualClock();
  let group = new LimitGroup("a", limits({ windows: [{ limit: 1_000, perMs: 1_000 }] }), clock);
  group.take();
  group.learn(answered(200, { "ratelimit-policy": "3;w=1" }), clock.now());
  group = new LimitGroup("a", limits({ windows: [{ limit: 1_000, perMs: 1_000 }] }), clock, kept(group));
  const starts: number[] = [];
  for (let n = 0; n < 1_000; n++) {
    for (let count = start(group); count > 0; count--) starts.push(clock.now());
    await clock.advance(5);
  }
  assertWithin(starts, [{ limit: 3, perMs: 1_000 }]);
});

Deno.test("setLimits() holds at once, downwards and upwards", async () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits({ concurrency: 10 }), clock);
  equal(group.room(2).count, 8);
  group.setLimits(limits({ concurrency: 2 }));
  equal(group.room(2).count, 0);
  group.setLimits(limits({ concurrency: 4, windows: [{ limit: 1, perMs: 60_000 }] }));
  equal(start(group), 1);
  equal(group.room(0).count, 0);
  group.setLimits(limits({ concurrency: 4, windows: [{ limit: 1_000, perMs: 1_000 }] }));
  await clock.advance(10);
  equal(group.room(0).count > 0, true);
});

Deno.test("a call that did not leave is given back: budget, token and count", () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const rules = limits({ dailyBudget: { limit: 1 }, windows: [{ limit: 1, perMs: 60_000 }] });
  const group = new LimitGroup("a", rules, clock);
  const charge = group.take();
  equal(group.room(0).count, 0);
  group.refund(clock.now(), false, charge);
  equal(group.room(0).count, 1);
  deepEqual(group.state.seen, { requests: 0, limited: 0 });
});

Deno.test("under adaptive control a call that did not leave moves no other; one that failed to connect does", async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const group = new LimitGroup(
    "a",
    limits({ adaptive: { start: "gentle", options: ADAPTIVE_DEFAULTS } }),
    clock,
  );
  equal(start(group), 1);
  await clock.advance(1_100);
  group.take();
  equal(group.room(0).count, 0);
  group.refund(clock.now(), false);
  equal(group.room(0).count, 1);
  group.take();
  group.refund(clock.now(), true);
  equal(group.room(0).count, 0);
});

Deno.test("what adaptive control knows keeps its distances when the clock was set back", () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
  const ahead = clock.now() + 3_600_000;
  const adaptive = {
    ...initialAdaptiveState(),
    lastStartMs: ahead,
    beforeLastStartMs: ahead - 900,
    fullAtMs: ahead - 500,
  };
  const group = new LimitGroup("a", limits(), clock, { ...freshState(), adaptive });
  equal(group.state.adaptive?.lastStartMs, clock.now());
  equal(group.state.adaptive?.beforeLastStartMs, clock.now() - 900);
  equal(group.state.adaptive?.fullAtMs, clock.now() - 500);
});

Deno.test("a window begins with one start and not with a burst", () => {
  const windows = [{ limit: 1_000, perMs: 1_000 }];
  equal(new LimitGroup("a", limits({ windows }), new VirtualClock()).room(0).count, 1);
});

Deno.test("starts keep a little more distance than the window asks for", async () => {
  const clock = new VirtualClock();
  const group = new LimitGroup("a", limits({ windows: [{ limit: 1, perMs: 1_000 }] }), clock);
  equal(start(group), 1);
  // The first request may come to the server late, and the second at once.
  await clock.advance(1_000);
  equal(start(group), 0);
  await clock.advance(50);
  equal(start(group), 1);
});

Deno.test("setLimits() gives no token away: a changed window goes on from the level of the old one", () => {
  const group = new LimitGroup("a", limits({ windows: [{ limit: 1, perMs: HOUR_MS }] }), new VirtualClock());
  equal(start(group), 1);
  for (const hours of [2, 3, 1]) {
    group.setLimits(limits({ windows: [{ limit: 1, perMs: hours * HOUR_MS }] }));
    equal(start(group), 0, `one start in ${hours} h`);
  }
});

Deno.test("adopt() puts in force what an operator set in another process", () => {
  const group = new LimitGroup("a", limits({ concurrency: 10 }), new VirtualClock());
  group.adopt(parseGroupState(withOperatorLimits(null, { concurrency: 2 })));
  equal(group.room(0).count, 2);
  group.adopt(parseGroupState(withOperatorLimits(null, null)));
  equal(group.room(0).count, 10);
});
