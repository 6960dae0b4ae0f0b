import assert from "node:assert/strict";
import { Deadline } from "../../src/http/_deadline.ts";
import { RequestWatch } from "../../src/http/_request_watch.ts";
import { ManualClock } from "../_support/manual_clock.ts";

function record(totalMs: number): { clock: ManualClock; deadline: Deadline; overdue: string[] } {
  const clock = new ManualClock();
  const overdue: string[] = [];
  return { clock, overdue, deadline: new Deadline(clock, totalMs, (what) => overdue.push(what)) };
}

Deno.test("a deadline passes at the step's limit or the total's, whichever is first, and once", async () => {
  for (const [stepMs, at, what] of [[30, 30, "step"], [500, 100, "total"], [100, 100, "total"]] as const) {
    const { clock, deadline, overdue } = record(100);
    deadline.begin(stepMs);
    await clock.advance(at - 1);
    assert.deepEqual(overdue, []);
    await clock.advance(1);
    assert.deepEqual(overdue, [what]);
    deadline.begin(1);
    await clock.advance(1000);
    assert.equal(overdue.length, 1);
    assert.equal(clock.pendingTimers, 0);
  }
});

Deno.test("a deadline that is paused counts the total alone, and takes up the step anew", async () => {
  const { clock, deadline, overdue } = record(1000);
  deadline.begin(10);
  deadline.pause();
  await clock.advance(500);
  deadline.begin(10);
  await clock.advance(9);
  assert.deepEqual(overdue, []);
  await clock.advance(1);
  assert.deepEqual(overdue, ["step"]);
});

Deno.test("a deadline passes at the total although a longer step began meanwhile", async () => {
  const { clock, deadline, overdue } = record(100);
  deadline.begin(30);
  await clock.advance(29);
  deadline.begin(1000);
  await clock.advance(70);
  assert.deepEqual(overdue, []);
  await clock.advance(1);
  assert.deepEqual(overdue, ["total"]);
});

Deno.test("a deadline sets one timer for many chunks", async () => {
  const clock = new ManualClock();
  let timers = 0;
  const counting = {
    now: () => clock.now(),
    setTimer: (ms: number, run: () => void) => (timers++, clock.setTimer(ms, run)),
  };
  using deadline = new Deadline(counting, 1_000_000, () => assert.fail("overdue"));
  for (let chunk = 0; chunk < 1000; chunk++) {
    deadline.begin(1000);
    await clock.advance(10);
    deadline.pause();
  }
  // 10,000 ms of chunks: one for the total, one for the first step, and one for each 1,000 ms that passed.
  assert.ok(timers <= 13, `${timers} timers`);
});

Deno.test("a deadline that is over sets no timer again", () => {
  const { clock, deadline } = record(1000);
  deadline[Symbol.dispose]();
  deadline.begin(10);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("race() rejects with what ended the request, at once if it is over already", async () => {
  const controller = new AbortController();
  using watch = new RequestWatch(new ManualClock(), 1000, controller.signal);
  assert.equal(await watch.race(Promise.resolve(7)), 7);
  const never = watch.race(new Promise(() => {}));
  controller.abort(new Error("stop"));
  await assert.rejects(never, { message: "stop" });
  await assert.rejects(watch.race(new Promise(() => {})), { message: "stop" });
  using late = new RequestWatch(new ManualClock(), 1000, controller.signal);
  await assert.rejects(late.race(new Promise(() => {})), { message: "stop" });
});
