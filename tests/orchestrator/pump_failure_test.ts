import { deepEqual, equal, rejects } from "node:assert/strict";
import { LockedError } from "../../src/model/errors.ts";
import { silentLogger } from "../../src/model/ports.ts";
import { record } from "../queue/_jobs.ts";
import { makePump } from "./_pump.ts";
import { HEARTBEAT_MS, jobsOn, makeGate, makeRig, type Rig, TTL_MS } from "./_rig.ts";

/** Makes every exchange fail from now on, as while a stopped process holds the lock. */
function lock(rig: Rig): () => void {
  const exchange = rig.queue.exchange;
  rig.queue.exchange = () => Promise.reject(new LockedError("locked"));
  return () => rig.queue.exchange = exchange;
}

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
  pump.nudge();
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
  equal(rig.clock.pendingTimers, 0, "the next heartbeat does not come");
  await rejects(pump.acquire(["a"]), /permission denied/);
});

Deno.test("Pump rejects what a beat carries that finds the database locked when the pump has failed", async () => {
  using rig = makeRig();
  const { pump, failures } = makePump(rig);
  await rig.clock.advance(0);
  const gate = makeGate();
  rig.queue.exchange = async () => {
    await gate.passed;
    throw new LockedError("locked");
  };
  const settled = rejects(
    pump.settle({ type: "ack", lease: { jobId: 1, epoch: 1 }, record: record() }),
    LockedError,
  );
  await rig.clock.advance(5);
  rig.queue.touched = () => {
    throw new Error("permission denied");
  };
  await rig.clock.advance(1_000);
  equal(failures.length, 1);
  gate.open();
  await settled;
  await pump.stop();
});

Deno.test("Pump answers everybody, even where an exchange tells nothing of them", async () => {
  using rig = makeRig();
  const { pump } = makePump(rig);
  await rig.clock.advance(10);
  rig.queue.exchange = () =>
    Promise.resolve({ settled: [], leased: [], held: null, unfinished: 1, paused: false, nextDueAt: null });
  const settled = pump.settle({ type: "ack", lease: { jobId: 1, epoch: 1 }, record: record() });
  const refused = rejects(pump.acquire(["a"]), /the exchange did not plan/);
  await rig.clock.advance(10);
  equal(await settled, "lost");
  await refused;
  await pump.stop();
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

Deno.test("Pump tells whoever waits for a permit that it stops", async () => {
  using rig = makeRig();
  const { pump } = makePump(rig);
  await rig.clock.advance(10);
  const refused = rejects(pump.acquire(["a"]), /the pump has stopped/);
  await pump.stop();
  await refused;
  equal(rig.clock.pendingTimers, 0);
});

Deno.test("Pump moves no more once it has stopped", async () => {
  using rig = makeRig();
  const { pump } = makePump(rig);
  await rig.clock.advance(10);
  equal(pump.nextWorkAt, null, "nothing waits");
  await pump.stop();
  pump.nudge();
  equal(rig.clock.pendingTimers, 0);
});

Deno.test("Pump carries in their order what waited for a locked database and what came meanwhile, and says so", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 2));
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const { pump, exchanges, leased } = makePump(rig, { logger });
  await rig.clock.advance(0);
  const gate = makeGate();
  const exchange = rig.queue.exchange;
  rig.queue.exchange = async () => {
    await gate.passed;
    throw new LockedError("locked");
  };
  const settle = (index: number) => {
    const { jobId = 0, epoch = 0 } = leased[index]?.job ?? {};
    return pump.settle({ type: "ack", lease: { jobId, epoch }, record: record() });
  };
  const first = settle(0);
  await rig.clock.advance(10);
  const second = settle(1);
  gate.open();
  rig.queue.exchange = exchange;
  exchanges.length = 0;
  await rig.clock.advance(200);
  deepEqual([await first, await second], ["ok", "ok"]);
  deepEqual(
    exchanges.flatMap(({ settlements }) => settlements.map(({ lease }) => lease.jobId)),
    leased.map(({ job }) => job.jobId),
  );
  deepEqual(warnings, ["waiting for the queue"]);
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
