import { deepEqual, equal } from "node:assert/strict";
import type { EngineEvent } from "../../src/engine/mod.ts";
import { ProgressReporter } from "../../src/engine/progress_reporter.ts";
import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { ManualClock, settle } from "../limits/_manual_clock.ts";
import { always } from "../queue/_jobs.ts";

const IDLE = { running: [], nextWorkAt: 5_000 };

/** A reporter on an empty queue, which counts what it is asked. */
function arrange() {
  const clock = new ManualClock();
  const queue = new SqliteWorkQueue({
    path: ":memory:",
    clock,
    random: always(0.5),
    retry: { maxAttempts: 3, backoffMs: 1_000, jitterMs: 0 },
  });
  const events: EngineEvent[] = [];
  const counting = {
    asked: 0,
    stats: () => {
      counting.asked++;
      return queue.stats();
    },
  };
  const reporter = new ProgressReporter(clock, counting, (event) => void events.push(event));
  return { clock, queue, counting, events, reporter, [Symbol.dispose]: () => queue[Symbol.dispose]() };
}

Deno.test("ProgressReporter tells at once where a run stands, and then what stirs it", async () => {
  using arranged = arrange();
  const { clock, queue, counting, events, reporter } = arranged;
  using _progress = reporter.start(IDLE);
  await clock.advance(0);
  deepEqual(events, [{ type: "progress", stats: await queue.stats(), ...IDLE }]);
  await clock.advance(1_000);
  deepEqual([events.length, counting.asked], [1, 1]);
  reporter.stir();
  reporter.stir();
  await clock.advance(249);
  equal(events.length, 1);
  await clock.advance(1);
  equal(events.length, 2);
  await clock.advance(1_000);
  deepEqual([events.length, counting.asked], [2, 2]);
});

Deno.test("ProgressReporter leaves it to others to say that the database cannot be read", async () => {
  using arranged = arrange();
  const { clock, queue, counting, events, reporter } = arranged;
  counting.stats = () => Promise.reject(new Error("disk on fire"));
  using _progress = reporter.start(IDLE);
  await clock.advance(500);
  deepEqual(events, []);
  counting.stats = () => queue.stats();
  reporter.stir();
  await clock.advance(250);
  equal(events.length, 1);
});

Deno.test("ProgressReporter is silent from its disposal on, though an answer is under way", async () => {
  using arranged = arrange();
  const { clock, queue, counting, events, reporter } = arranged;
  const answer = Promise.withResolvers<Awaited<ReturnType<typeof queue.stats>>>();
  counting.stats = () => answer.promise;
  {
    using _progress = reporter.start(IDLE);
    await clock.advance(0);
  }
  answer.resolve(await queue.stats());
  await settle();
  deepEqual([events, clock.timers], [[], 0]);
});

Deno.test("ProgressReporter leaves no timer behind", async () => {
  using arranged = arrange();
  const { clock, reporter } = arranged;
  {
    using _progress = reporter.start(IDLE);
    await clock.advance(250);
    equal(clock.timers, 1);
  }
  equal(clock.timers, 0);
});
