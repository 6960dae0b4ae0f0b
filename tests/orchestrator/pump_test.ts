import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Closed, Permit } from "../../src/model/permit.ts";
import { LockedError } from "../../src/model/errors.ts";
import { silentLogger } from "../../src/model/ports.ts";
import { Dispatcher, Pump, type PumpOptions } from "../../src/orchestrator/mod.ts";
import type { Exchange, Exchanged, LeasedJob } from "../../src/queue/mod.ts";
import { record } from "../queue/_jobs.ts";
import {
  answered,
  HEARTBEAT_MS,
  jobsOn,
  limits,
  makeGate,
  makeRig,
  needsGroupOfRoute,
  type Rig,
  TTL_MS,
  withFile,
} from "./_rig.ts";

/** A running pump on a rig's queue, with all that it exchanged, leased and failed by. */
function makePump(rig: Rig, options: Partial<PumpOptions> = {}) {
  const exchanges: Exchange[] = [];
  const beats: Exchanged[] = [];
  const leased: { job: LeasedJob; permit: Permit | null }[] = [];
  const failures: unknown[] = [];
  const exchange = rig.queue.exchange.bind(rig.queue);
  rig.queue.exchange = (one) => {
    exchanges.push(one);
    return exchange(one);
  };
  const pump = new Pump({
    queue: rig.queue,
    book: rig.book,
    dispatcher: new Dispatcher(rig.book, needsGroupOfRoute),
    clock: rig.clock,
    logger: silentLogger,
    workerId: "worker",
    leaseTtlMs: TTL_MS,
    heartbeatMs: HEARTBEAT_MS,
    freeWorkers: () => 8 - leased.length,
    onLeased: (job, permit) => void leased.push({ job, permit }),
    onBeat: (exchanged) => void beats.push(exchanged),
    onFailure: (error) => void failures.push(error),
    ...options,
  });
  rig.onNews = () => pump.nudge();
  pump.start();
  return { pump, exchanges, beats, leased, failures };
}

Deno.test("Pump carries settlements, permits and claims in one exchange", async () => {
  using rig = makeRig();
  rig.limits.set("a", limits({ concurrency: 2 }));
  await rig.queue.enqueue(jobsOn("a", 3));
  const { pump, exchanges, leased } = makePump(rig);
  await rig.clock.advance(0);
  equal(leased.length, 2);
  exchanges.length = 0;
  for (const { job, permit } of leased.splice(0)) {
    permit?.report(answered());
    permit?.[Symbol.dispose]();
    void pump.settle({ type: "ack", lease: job, record: record() });
  }
  const granted = pump.acquire(["elsewhere"]);
  await rig.clock.advance(5);
  equal(exchanges.length, 1);
  equal(exchanges[0]?.settlements.length, 2);
  equal((await granted).type, "permit");
  equal(leased.length, 1);
  equal((await rig.queue.stats()).states.done, 2);
  await pump.stop();
});

Deno.test("Pump gives each leased job a permit of its route", async () => {
  using rig = makeRig();
  await rig.queue.enqueue([...jobsOn("a", 2), ...jobsOn("b", 2), ...jobsOn("fresh:url", 1)]);
  const { pump, leased } = makePump(rig);
  await rig.clock.advance(0);
  deepEqual(
    leased.map(({ job, permit }) => [job.route, permit?.groups.join() ?? null]),
    [["fresh:url", null], ["a", "a"], ["a", "a"], ["b", "b"], ["b", "b"]],
  );
  await pump.stop();
});

Deno.test("Pump gives back a permit whose job another process took", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const dispatcher = new Dispatcher(rig.book, needsGroupOfRoute);
  const dispatch = dispatcher.dispatch.bind(dispatcher);
  dispatcher.dispatch = (view, workers) => {
    const decided = dispatch(view, workers);
    return { ...decided, demand: [] };
  };
  const { pump } = makePump(rig, { dispatcher });
  await rig.clock.advance(10);
  equal(rig.book.views()[0]?.inFlight, 0);
  await pump.stop();
});

Deno.test("Pump answers an acquire with the next beat, also when the group is closed", async () => {
  using rig = makeRig();
  rig.limits.set("a", limits({ concurrency: 1 }));
  const { pump } = makePump(rig);
  await rig.clock.advance(10);
  const answers: (Permit | Closed)[] = [];
  for (let n = 0; n < 2; n++) void pump.acquire(["a"]).then((answer) => answers.push(answer));
  await Promise.resolve();
  deepEqual(answers, []);
  await rig.clock.advance(0);
  deepEqual(answers.map(({ type }) => type), ["permit", "closed"]);
  await pump.stop();
});

Deno.test("Pump grants what jobs under way ask for before it leases new ones", async () => {
  using rig = makeRig();
  rig.limits.set("a", limits({ concurrency: 1 }));
  const { pump, leased } = makePump(rig);
  await rig.clock.advance(10);
  await rig.queue.enqueue(jobsOn("a", 1));
  const granted = pump.acquire(["a"]);
  await rig.clock.advance(5);
  equal((await granted).type, "permit");
  deepEqual(leased, []);
  await pump.stop();
});

Deno.test("Pump grants nothing of a group that the news of the same beat closes", async () => {
  using rig = makeRig();
  const { pump } = makePump(rig);
  await rig.clock.advance(10);
  const first = pump.acquire(["a"]);
  await rig.clock.advance(5);
  const permit = await first;
  if (permit.type === "closed") throw new Error("nobody closed the group yet");
  permit.report(answered(429, { "retry-after": "60" }));
  const second = pump.acquire(["a"]);
  await rig.clock.advance(5);
  equal((await second).type, "closed");
  permit[Symbol.dispose]();
  await pump.stop();
});

Deno.test("Pump lets what comes within a few milliseconds share a beat", async () => {
  using rig = makeRig();
  const { pump, exchanges } = makePump(rig);
  await rig.clock.advance(0);
  exchanges.length = 0;
  for (let n = 0; n < 3; n++) {
    void pump.acquire(["a"]);
    await rig.clock.advance(1);
  }
  await rig.clock.advance(10);
  equal(exchanges.length, 1);
  await pump.stop();
});

Deno.test("Pump carries with another beat what comes during one", async () => {
  using rig = makeRig();
  const gate = makeGate();
  const exchange = rig.queue.exchange.bind(rig.queue);
  rig.queue.exchange = async (one) => {
    const exchanged = await exchange(one);
    await gate.passed;
    return exchanged;
  };
  const { pump, exchanges } = makePump(rig);
  await rig.clock.advance(0);
  const granted = pump.acquire(["a"]);
  await rig.clock.advance(100);
  equal(exchanges.length, 1);
  gate.open();
  await rig.clock.advance(10);
  equal(exchanges.length, 2);
  equal((await granted).type, "permit");
  await pump.stop();
});

Deno.test("Pump extends its leases at every heartbeat, and in between does nothing", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const { pump, exchanges, beats } = makePump(rig);
  await rig.clock.advance(0);
  const start = rig.clock.now();
  await rig.clock.advance(3 * HEARTBEAT_MS - 1);
  deepEqual(exchanges.map(({ heartbeat }) => heartbeat), [true, true, true]);
  deepEqual(beats.map(({ held }) => held?.length), [1, 1, 1]);
  const [job] = await rig.queue.list({ state: "in_progress", limit: 1 });
  equal((await rig.queue.get(job?.jobId ?? 0))?.leaseUntil, start + 2 * HEARTBEAT_MS + TTL_MS);
  await pump.stop();
});

Deno.test("heartbeat() extends the leases at once", async () => {
  using rig = makeRig();
  const { pump, exchanges } = makePump(rig);
  await rig.clock.advance(1_000);
  exchanges.length = 0;
  const proven = pump.heartbeat();
  await rig.clock.advance(0);
  await proven;
  equal(exchanges[0]?.heartbeat, true);
  await pump.stop();
});

Deno.test("Pump sees within a quarter of a second what another process enqueued", async () => {
  await withFile(async (open) => {
    using rig = makeRig();
    using queue = open(rig.clock);
    using other = open(rig.clock);
    const { pump, leased, beats } = makePump(rig, { queue });
    await rig.clock.advance(1_000);
    const idleBeats = beats.length;
    await rig.clock.advance(1_000);
    equal(beats.length, idleBeats, "an idle pump asks the database nothing");
    await other.enqueue(jobsOn("a", 1));
    await rig.clock.advance(250);
    equal(leased.length, 1);
    await pump.stop();
    await queue.leave("worker");
  });
});

Deno.test("Pump begins a job that was held when its instant comes", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const { pump, leased } = makePump(rig);
  await rig.clock.advance(0);
  const [first] = leased.splice(0);
  if (!first) throw new Error("nothing was leased");
  first.permit?.[Symbol.dispose]();
  const until = rig.clock.now() + 5_000;
  void pump.settle({ type: "hold", lease: first.job, route: "a", until, cursor: null });
  await rig.clock.advanceTo(until - 1);
  deepEqual(leased, []);
  await rig.clock.advance(5);
  equal(leased.length, 1);
  await pump.stop();
});

Deno.test("Pump takes over the limits and the requests of other processes", async () => {
  await withFile(async (open) => {
    using rig = makeRig();
    rig.limits.set("a", limits({ concurrency: 2 }));
    using queue = open(rig.clock);
    using other = open(rig.clock);
    const state = JSON.stringify({ coolUntil: rig.clock.now() + 60_000 });
    await other.exchange({
      workerId: "other",
      leaseTtlMs: TTL_MS,
      heartbeat: false,
      settlements: [],
      plan: () => ({
        demand: [],
        groups: [{ name: "cool", state }],
        inFlight: JSON.stringify({ a: { inFlight: 2, pending: 0 } }),
      }),
    });
    const { pump } = makePump(rig, { queue });
    const cool = pump.acquire(["cool"]);
    const busy = pump.acquire(["a"]);
    await rig.clock.advance(5);
    const whyOf = (answer: Permit | Closed) => answer.type === "closed" ? answer.why : answer.type;
    deepEqual([whyOf(await cool), whyOf(await busy)], ["cool-down", "concurrency"]);
    await pump.stop();
    await queue.leave("worker");
    await other.leave("other");
  });
});

Deno.test("Pump rejects everything when the database fails, what came meanwhile too, and stands still", async () => {
  using rig = makeRig();
  const gate = makeGate();
  const { pump, exchanges, failures } = makePump(rig);
  await rig.clock.advance(0);
  exchanges.length = 0;
  const broken = new Error("the disk is full");
  rig.queue.exchange = async () => {
    await gate.passed;
    throw broken;
  };
  const lease = { jobId: 1, epoch: 1 };
  const before = [pump.acquire(["a"]), pump.settle({ type: "ack", lease, record: record() })];
  await rig.clock.advance(5);
  const during = [pump.acquire(["a"]), pump.settle({ type: "ack", lease, record: record() })];
  const all = [...before, ...during].map((waiting) => rejects(waiting, broken));
  gate.open();
  await rig.clock.advance(0);
  await Promise.all(all);
  await rejects(pump.acquire(["a"]), broken);
  deepEqual(failures, [broken]);
  equal(rig.clock.pendingTimers, 0);
});

Deno.test("Pump fails when the files of the database cannot be looked at", async () => {
  using rig = makeRig();
  const { pump, failures } = makePump(rig);
  await rig.clock.advance(0);
  rig.queue.touched = () => {
    throw new Error("permission denied");
  };
  await rig.clock.advance(1_000);
  equal(failures.length, 1);
  await rejects(pump.acquire(["a"]), /permission denied/);
});

Deno.test("stop() carries the last settlements, then refuses", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const { pump, leased } = makePump(rig);
  await rig.clock.advance(0);
  const [first] = leased;
  if (!first) throw new Error("nothing was leased");
  const settled = pump.settle({ type: "ack", lease: first.job, record: record() });
  const stopped = pump.stop();
  await rig.clock.advance(20);
  await stopped;
  equal(await settled, "ok");
  await rejects(pump.acquire(["a"]), /the pump has stopped/);
  equal(rig.clock.pendingTimers, 0);
});

/** Makes every exchange fail from now on, as while a stopped process holds the lock. */
function lock(rig: Rig): () => void {
  const exchange = rig.queue.exchange;
  rig.queue.exchange = () => Promise.reject(new LockedError("locked"));
  return () => rig.queue.exchange = exchange;
}

Deno.test("Pump waits while another process keeps the database locked, and loses nothing", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const { pump, leased, failures } = makePump(rig);
  await rig.clock.advance(0);
  const unlock = lock(rig);
  const { jobId = 0, epoch = 0 } = leased[0]?.job ?? {};
  const settled = pump.settle({ type: "ack", lease: { jobId, epoch }, record: record() });
  const granted = pump.acquire(["b"]);
  await rig.clock.advance(TTL_MS - 1_000);
  unlock();
  await rig.clock.advance(1_000);
  equal(await settled, "ok");
  equal((await granted).type, "permit");
  deepEqual(failures, []);
  await pump.stop();
});

Deno.test("Pump gives up when the database stays locked for longer than a lease, and at once when it never had it", async () => {
  using rig = makeRig();
  const { pump, failures } = makePump(rig);
  await rig.clock.advance(0);
  lock(rig);
  const granted = rejects(pump.acquire(["b"]), LockedError);
  await rig.clock.advance(TTL_MS + 1_000);
  await granted;
  equal(failures.length, 1);

  using other = makeRig();
  lock(other);
  const never = makePump(other);
  await other.clock.advance(0);
  equal(never.failures.length, 1);
});

Deno.test("heartbeat() that is asked for during a beat is made by the next one", async () => {
  using rig = makeRig();
  const exchange = rig.queue.exchange.bind(rig.queue);
  const gate = makeGate();
  rig.queue.exchange = async (one) => {
    const exchanged = await exchange(one);
    await gate.passed;
    return exchanged;
  };
  const { pump, exchanges } = makePump(rig);
  await rig.clock.advance(0);
  const proven = pump.heartbeat();
  gate.open();
  await rig.clock.advance(10);
  await proven;
  deepEqual(exchanges.map(({ heartbeat }) => heartbeat), [true, true]);
  await pump.stop();
});

Deno.test("Pump extends the leases as soon as a locked database is free if that was due", async () => {
  using rig = makeRig();
  const { pump, exchanges } = makePump(rig);
  await rig.clock.advance(HEARTBEAT_MS - 1);
  const unlock = lock(rig);
  await rig.clock.advance(1_000);
  unlock();
  exchanges.length = 0;
  await rig.clock.advance(200);
  deepEqual(exchanges.map(({ heartbeat }) => heartbeat), [true]);
  await pump.stop();
});
