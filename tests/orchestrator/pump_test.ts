import { deepEqual, equal } from "node:assert/strict";
import type { Closed, Permit } from "../../src/model/permit.ts";
import { Dispatcher } from "../../src/orchestrator/mod.ts";
import { record } from "../queue/_jobs.ts";
import { makePump } from "./_pump.ts";
import {
  answered,
  HEARTBEAT_MS,
  jobsOn,
  limits,
  makeGate,
  makeRig,
  needsGroupOfRoute,
  TTL_MS,
  withFile,
} from "./_rig.ts";

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

Deno.test("Pump lets a few milliseconds pass before it carries what a beat itself has set going", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const { pump, exchanges } = makePump(rig, {
    freeWorkers: () => 1,
    onLeased: () => void pump.acquire(["b"]),
  });
  await rig.clock.advance(3);
  equal(exchanges.length, 1);
  await rig.clock.advance(1);
  equal(exchanges.length, 2);
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

Deno.test("Pump begins a job when the group that it waits for opens", async () => {
  using rig = makeRig();
  rig.limits.set("a", limits({ windows: [{ limit: 1, perMs: 3_000 }] }));
  await rig.queue.enqueue(jobsOn("a", 2));
  const { pump, leased } = makePump(rig);
  await rig.clock.advance(0);
  const permit = leased[0]?.permit;
  permit?.report(answered());
  permit?.[Symbol.dispose]();
  await rig.clock.advance(3_000);
  equal(leased.length, 1);
  equal(pump.nextWorkAt, rig.clock.now() + 25);
  await rig.clock.advance(50);
  equal(leased.length, 2);
  await pump.stop();
});

Deno.test("Pump writes down what its groups and requests have become", async () => {
  using rig = makeRig();
  const { pump } = makePump(rig);
  const granted = pump.acquire(["a"]);
  await rig.clock.advance(5);
  await granted;
  const [group] = await rig.queue.groups();
  deepEqual([group?.name, JSON.parse(group?.state ?? "{}").seen?.requests], ["a", 1]);
  deepEqual((await rig.queue.holders()).map(({ inFlight }) => inFlight), [
    '{"a":{"inFlight":1,"pending":1}}',
  ]);
  await pump.stop();
});

Deno.test("Pump adds its news of a group to what another process wrote of it since", async () => {
  await withFile(async (open) => {
    using rig = makeRig();
    using queue = open(rig.clock);
    using other = open(rig.clock);
    const { pump } = makePump(rig, { queue });
    const granted = pump.acquire(["a"]);
    await rig.clock.advance(5);
    const permit = await granted;
    if (permit.type === "closed") throw new Error("nobody closed the group yet");
    await other.changeGroup("a", (row) => row ?? "{}");
    permit.report(answered(429, { "retry-after": "60" }));
    permit[Symbol.dispose]();
    const refused = pump.acquire(["a"]);
    await rig.clock.advance(5);
    equal((await refused).type, "closed");
    await pump.stop();
    await queue.leave("worker");
  });
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
