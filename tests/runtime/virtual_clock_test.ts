import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import fc from "fast-check";
import { VirtualClock } from "../../src/runtime/mod.ts";

Deno.test("VirtualClock fires timers by instant, those of one instant in the order set", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: -5, max: 50 })), async (delays) => {
    const clock = new VirtualClock(0);
    const fired: [number, number][] = [];
    delays.forEach((delay, index) => clock.setTimer(delay, () => fired.push([clock.now(), index])));
    equal(await clock.runUntilIdle(), delays.length);
    const expected = delays.map((delay, index): [number, number] => [Math.max(0, delay), index])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    deepEqual(fired, expected);
  }));
});

Deno.test("VirtualClock cancels whichever timers are disposed, and only those", async () => {
  const timer = fc.record({ delay: fc.integer({ min: 0, max: 20 }), cancel: fc.boolean() });
  // Removal from the middle of a heap shows its mistakes only in deep ones.
  const timers = fc.array(timer, { maxLength: 100, size: "max" });
  await fc.assert(fc.asyncProperty(timers, async (timers) => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const handles = timers.map(({ delay }, index) => clock.setTimer(delay, () => fired.push(index)));
    timers.forEach(({ cancel }, index) => {
      if (cancel) handles[index]?.[Symbol.dispose]();
    });
    equal(clock.pendingTimers, timers.filter(({ cancel }) => !cancel).length);
    await clock.runUntilIdle();
    handles.forEach((handle) => handle[Symbol.dispose]());
    const kept = timers.map((timer, index) => ({ ...timer, index })).filter(({ cancel }) => !cancel);
    deepEqual(fired, kept.sort((a, b) => a.delay - b.delay || a.index - b.index).map(({ index }) => index));
  }));
});

Deno.test("VirtualClock.advance() stops at its end and fires what is due there", async () => {
  const clock = new VirtualClock(1_000);
  const fired: number[] = [];
  for (const delay of [10, 11]) clock.setTimer(delay, () => fired.push(clock.now()));
  await clock.advance(10);
  deepEqual([clock.now(), fired, clock.nextTimerAt], [1_010, [1_010], 1_011]);
  await clock.advance(90);
  deepEqual([clock.now(), fired, clock.nextTimerAt], [1_100, [1_010, 1_011], undefined]);
});

Deno.test("VirtualClock lets long chains of promises end before time goes on", async () => {
  const clock = new VirtualClock(0);
  const trace: string[] = [];
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.setTimer(ms, resolve));
  const task = async (name: string) => {
    for (let turn = 0; turn < 200; turn++) await null;
    trace.push(`${name} ${clock.now()}`);
    await sleep(5);
    for (let turn = 0; turn < 200; turn++) await null;
    trace.push(`${name} ${clock.now()}`);
  };
  void task("a");
  void task("b");
  await clock.advance(100);
  deepEqual(trace, ["a 0", "b 0", "a 5", "b 5"]);
});

Deno.test("VirtualClock.runUntilIdle() fires timers that timers set, and refuses what never rests", async () => {
  const clock = new VirtualClock(0);
  let left = 3;
  const again = () => void (left-- > 0 && clock.setTimer(1, again));
  clock.setTimer(1, again);
  equal(await clock.runUntilIdle(), 4);
  equal(clock.now(), 4);

  const forever = () => void clock.setTimer(1, forever);
  forever();
  await rejects(
    clock.runUntilIdle({ maxTimers: 10 }),
    new RangeError("Cannot run until idle: 10 timers fired and 1 are set"),
  );
});

Deno.test("VirtualClock refuses to go back and delays that are not finite", async () => {
  const clock = new VirtualClock(5);
  await rejects(clock.advance(-1), RangeError);
  await rejects(clock.advance(NaN), RangeError);
  throws(() => clock.setTimer(NaN, () => {}), RangeError);
});

Deno.test("VirtualClock does not go back when it is moved from two places", async () => {
  const clock = new VirtualClock(0);
  await Promise.all([clock.advance(100), clock.advance(20)]);
  equal(clock.now(), 100);
});

Deno.test("VirtualClock.runUntilIdle() waits for timers that promises under way are about to set", async () => {
  const clock = new VirtualClock(0);
  void Promise.resolve().then(() => clock.setTimer(5, () => {}));
  equal(await clock.runUntilIdle(), 1);
});

Deno.test("VirtualClock.runUntilIdle() fires as many timers as it may, and no more", async () => {
  const clock = new VirtualClock(0);
  const set = () => [1, 2].map((delay) => clock.setTimer(delay, () => {}));
  set();
  equal(await clock.runUntilIdle({ maxTimers: 2 }), 2);
  set();
  await rejects(clock.runUntilIdle({ maxTimers: 1 }), RangeError);
});

Deno.test("VirtualClock cancels no other timer when one is disposed twice, or after it has fired", async () => {
  const clock = new VirtualClock(0);
  const first = clock.setTimer(1, () => {});
  const second = clock.setTimer(2, () => {});
  for (const delay of [3, 4, 5]) clock.setTimer(delay, () => {});
  await clock.advance(1);
  for (const timer of [first, first, second, second]) timer[Symbol.dispose]();
  equal(clock.pendingTimers, 3);
});
