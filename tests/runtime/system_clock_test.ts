import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { SystemClock } from "../../src/runtime/mod.ts";

Deno.test("SystemClock.now() starts at the wall clock and never runs backwards", () => {
  const clock = new SystemClock();
  ok(Math.abs(clock.now() - Date.now()) < 100);
  let last = clock.now();
  for (let reading = 0; reading < 1_000; reading++) {
    const now = clock.now();
    ok(now >= last);
    last = now;
  }
});

Deno.test("SystemClock.now() does not follow a step of the wall clock", () => {
  const realNow = Date.now;
  const clock = new SystemClock();
  const before = clock.now();
  Date.now = () => realNow() + 3_600_000;
  try {
    ok(clock.now() - before < 60_000);
  } finally {
    Date.now = realNow;
  }
});

Deno.test("SystemClock.setTimer() runs its callback once, not before the delay has passed", async () => {
  const clock = new SystemClock();
  const start = clock.now();
  await new Promise<void>((resolve) => clock.setTimer(5, resolve));
  // The platform's timers count whole milliseconds.
  ok(clock.now() - start >= 4);
  await new Promise<void>((resolve) => clock.setTimer(-1, resolve));
});

Deno.test("SystemClock.setTimer() gives a handle that cancels, twice and after firing too", async () => {
  const clock = new SystemClock();
  let fired = 0;
  const cancelled = clock.setTimer(1, () => fired++);
  cancelled[Symbol.dispose]();
  cancelled[Symbol.dispose]();
  let handle: Disposable | undefined;
  await new Promise<void>((resolve) => handle = clock.setTimer(2, resolve));
  handle?.[Symbol.dispose]();
  equal(fired, 0);
});

Deno.test("SystemClock.setTimer() does not fire at once for delays beyond 2^31 ms", async () => {
  const clock = new SystemClock();
  let fired = false;
  {
    using _long = clock.setTimer(2 ** 31 + 5, () => fired = true);
    using _longer = clock.setTimer(2 ** 40, () => fired = true);
    await new Promise<void>((resolve) => clock.setTimer(5, resolve));
  }
  equal(fired, false);
});

Deno.test("SystemClock.setTimer() waits for all of a delay beyond 2^31 ms, and not for one below 0", () => {
  const realSetTimeout = globalThis.setTimeout;
  const steps: (number | undefined)[] = [];
  Object.assign(globalThis, {
    setTimeout: (callback: () => void, ms?: number) => {
      steps.push(ms);
      callback();
    },
  });
  try {
    for (const delayMs of [2 ** 32, -1]) new SystemClock().setTimer(delayMs, () => steps.push(undefined));
  } finally {
    Object.assign(globalThis, { setTimeout: realSetTimeout });
  }
  deepEqual(steps, [2 ** 31 - 1, 2 ** 31 - 1, 2, undefined, 0, undefined]);
});

Deno.test("SystemClock.setTimer() refuses a delay that is not finite", () => {
  const clock = new SystemClock();
  throws(() => clock.setTimer(NaN, () => {}), new RangeError("Cannot set a timer: the delay is NaN"));
  throws(() => clock.setTimer(Infinity, () => {}), RangeError);
});
