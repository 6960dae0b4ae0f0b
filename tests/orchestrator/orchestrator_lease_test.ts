import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Logger, Meter } from "../../src/model/ports.ts";
import { silentLogger, silentMeter } from "../../src/model/ports.ts";
import type { ProcessJob } from "../../src/orchestrator/mod.ts";
import type { LeasedJob, WorkQueue } from "../../src/queue/mod.ts";
import { record } from "../queue/_jobs.ts";
import { HEARTBEAT_MS, jobsOn, makeGate, makeRig, type Rig, TTL_MS, withFile } from "./_rig.ts";

/** Lets an exchange's result wait at a gate, as in a process that is stopped right after the commit. */
function stopAfterCommit(queue: WorkQueue) {
  const exchange = queue.exchange.bind(queue);
  const gate = makeGate();
  queue.exchange = async (one) => {
    const exchanged = await exchange(one);
    await gate.passed;
    return exchanged;
  };
  return gate;
}

/** Gives the only job back as if its holder had done so. */
async function release(queue: WorkQueue): Promise<void> {
  const [row] = await queue.list({ state: "in_progress", limit: 1 });
  const job = await queue.get(row?.jobId ?? 0);
  if (!job || job.leaseUntil === null) throw new Error("the job is not leased");
  await queue.release([{ ...job, leaseUntil: job.leaseUntil }]);
}

/** One job on the route `a`, in a queue that another process has open, too. */
async function withOneJob(
  work: (rig: Rig, queue: WorkQueue, other: WorkQueue) => Promise<void>,
): Promise<void> {
  await withFile(async (open) => {
    using rig = makeRig();
    using queue = open(rig.clock);
    using other = open(rig.clock);
    await queue.enqueue(jobsOn("a", 1));
    await work(rig, queue, other);
  });
}

/** Work that asks for the proof of its lease once its file is whole, and what it was told. */
function publishing() {
  const whole = makeGate();
  const confirmed: boolean[] = [];
  const publish: ProcessJob = async (_job, { confirm }) => {
    await whole.passed;
    confirmed.push(await confirm());
    return { type: "ack", record: record() };
  };
  return { whole, confirmed, publish };
}

Deno.test("confirm() does not believe a heartbeat that became known when its lease had lapsed", async () => {
  await withOneJob(async (rig, queue, other) => {
    const { whole, confirmed, publish } = publishing();
    // Every beat is a heartbeat.
    const orchestrator = rig.orchestrator(publish, { queue, heartbeatMs: 1 });
    const ended = orchestrator.run();
    await rig.clock.advance(100);
    const gate = stopAfterCommit(queue);
    await rig.clock.advance(2 * TTL_MS);
    equal((await other.lease("other", [{ route: "a", count: 1 }], TTL_MS)).length, 1);
    gate.open();
    await rig.clock.advance(0);
    whole.open();
    await rig.clock.advance(10);
    deepEqual(confirmed, [false]);
    await other.leave("other");
    await rig.clock.runUntilIdle();
    equal(await ended, "drained");
  });
});

Deno.test("confirm() waits for the proof, and says no if another process has the job", async () => {
  await withOneJob(async (rig, queue, other) => {
    const { whole, confirmed, publish } = publishing();
    // So long that no heartbeat of its own comes in between.
    const orchestrator = rig.orchestrator(publish, { queue, heartbeatMs: 10 * TTL_MS });
    const ended = orchestrator.run();
    await rig.clock.advance(TTL_MS - 3_000);
    await release(other);
    equal((await other.lease("other", [{ route: "a", count: 1 }], TTL_MS)).length, 1);
    whole.open();
    await rig.clock.advance(10);
    deepEqual(confirmed, [false]);
    await other.leave("other");
    orchestrator.stop(0);
    await rig.clock.advance(10);
    equal(await ended, "stopped");
  });
});

Deno.test("confirm() says no to work of an earlier lease when the job was leased anew here", async () => {
  await withOneJob(async (rig, queue, other) => {
    const confirmed: string[] = [];
    const orchestrator = rig.orchestrator(async (job, { signal, confirm }) => {
      if (job.epoch === 1) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      confirmed.push(`${job.epoch} ${await confirm()}`);
      return { type: "ack", record: record() };
    }, { queue });
    const ended = orchestrator.run();
    await rig.clock.advance(100);
    await release(other);
    await rig.clock.advance(1_000);
    deepEqual(confirmed.toSorted(), ["1 false", "2 true"]);
    equal(await ended, "drained");
  });
});

Deno.test("a heartbeat keeps no work alive that began under an earlier lease of its job", async () => {
  await withOneJob(async (rig, queue, other) => {
    const aborted: string[] = [];
    const orchestrator = rig.orchestrator(async (job, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted.push(String(signal.reason));
      return { type: "release", route: job.route, cursor: null };
      // Every beat is a heartbeat.
    }, { queue, heartbeatMs: 1 });
    const ended = orchestrator.run();
    await rig.clock.advance(1);
    await release(other);
    const gate = stopAfterCommit(queue);
    await rig.clock.advance(1_000);
    orchestrator.stop(60_000);
    gate.open();
    await rig.clock.advance(0);
    deepEqual(aborted, ["LeaseLostError: the lease was lost"]);
    await rig.clock.runUntilIdle();
    equal(await ended, "stopped");
  });
});

Deno.test("run() counts settlements and lost leases, and logs these", async () => {
  await withOneJob(async (rig, queue, other) => {
    const told: string[] = [];
    const meter: Meter = {
      ...silentMeter,
      count: (name, _by, { type = "" } = {}) => void told.push(`${name} ${type}`.trim()),
    };
    const logger: Logger = { ...silentLogger, warn: (message) => void told.push(message) };
    const process = (job: LeasedJob) =>
      job.epoch === 1
        ? new Promise<never>((_, reject) => rig.clock.setTimer(TTL_MS, () => reject(new Error())))
        : Promise.resolve({ type: "ack" as const, record: record() });
    const ended = rig.orchestrator(process, { queue, meter, logger, maxWorkers: 1 }).run();
    await rig.clock.advance(100);
    await release(other);
    await rig.clock.runUntilIdle();
    equal(await ended, "drained");
    deepEqual(told, [
      "contentdownload.lease.lost",
      "lease lost while working",
      "lease lost; the work is dropped",
      "contentdownload.job.settled release",
      "contentdownload.job.settled ack",
    ]);
  });
});

Deno.test("run() ends when its worker has left the queue, not before", async () => {
  using rig = makeRig();
  const gate = makeGate();
  const leave = rig.queue.leave.bind(rig.queue);
  rig.queue.leave = async (workerId) => {
    await gate.passed;
    await leave(workerId);
  };
  let isOver = false;
  const ended = rig.orchestrator(() => Promise.reject(new Error("there is no job"))).run()
    .finally(() => isOver = true);
  await rig.clock.advance(100);
  equal(isOver, false);
  gate.open();
  equal(await ended, "drained");
});

Deno.test("run() rejects when the database fails after the stop, while a job is under way", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const orchestrator = rig.orchestrator((_job, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  );
  const failed = rejects(orchestrator.run(), /the disk is full/);
  await rig.clock.advance(10);
  orchestrator.stop(10_000);
  rig.queue.exchange = () => Promise.reject(new Error("the disk is full"));
  orchestrator.nudge();
  await rig.clock.advance(10);
  await failed;
  equal(rig.clock.pendingTimers, 0);
});

Deno.test("run() ends when the database fails after the stop, with nothing but a job to give back", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const gate = stopAfterCommit(rig.queue);
  const orchestrator = rig.orchestrator(() => Promise.reject(new Error("no work is to begin")));
  const ended = orchestrator.run();
  await rig.clock.advance(0);
  orchestrator.stop(10_000);
  rig.queue.exchange = () => Promise.reject(new Error("the disk is full"));
  gate.open();
  await rig.clock.advance(20);
  equal(await ended, "stopped");
});

Deno.test("stop() gives a job that was leased too late back where and as it was", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("fresh:doi", 1));
  const [first] = await rig.queue.lease("before", [{ route: "fresh:doi", count: 1 }], TTL_MS);
  if (!first) throw new Error("nothing was leased");
  await rig.queue.hold(first, null, "a", "what it knows");
  await rig.queue.leave("before");
  const gate = stopAfterCommit(rig.queue);
  const orchestrator = rig.orchestrator(() => Promise.reject(new Error("no work is to begin")));
  const ended = orchestrator.run();
  await rig.clock.advance(0);
  orchestrator.stop(10_000);
  gate.open();
  await rig.clock.advance(50);
  equal(await ended, "stopped");
  const job = await rig.queue.get(first.jobId);
  deepEqual([job?.state, job?.route, job?.cursor], ["queued", "a", "what it knows"]);
});

Deno.test("stop() lets nothing be published at the deadline whose lease was lost after it", async () => {
  await withOneJob(async (rig, queue, other) => {
    const { whole, confirmed, publish } = publishing();
    const orchestrator = rig.orchestrator(publish, { queue });
    const ended = orchestrator.run();
    await rig.clock.advance(100);
    orchestrator.stop(0);
    await release(other);
    equal((await other.lease("other", [{ route: "a", count: 1 }], TTL_MS)).length, 1);
    await rig.clock.advance(HEARTBEAT_MS);
    whole.open();
    await rig.clock.advance(20);
    equal(await ended, "stopped");
    deepEqual(confirmed, [false]);
    await other.leave("other");
  });
});
