import { deepEqual, equal, rejects } from "node:assert/strict";
import type { ProcessJob } from "../../src/orchestrator/mod.ts";
import type { LeasedJob } from "../../src/queue/mod.ts";
import { record } from "../queue/_jobs.ts";
import {
  answered,
  HEARTBEAT_MS,
  jobsOn,
  limits,
  makeGate,
  makeRig,
  type Rig,
  TTL_MS,
  withFile,
} from "./_rig.ts";

/** Work of one request, which takes `ms`. */
function takes(rig: Rig, ms: (job: LeasedJob) => number): ProcessJob {
  return async (job, { permits }) => {
    const permit = await permits.acquire([job.route]);
    if (permit.type === "closed") {
      return { type: "hold", until: permit.until, route: job.route, cursor: null };
    }
    using held = permit;
    await new Promise<void>((resolve) => rig.clock.setTimer(ms(job), resolve));
    held.report(answered());
    return { type: "ack", record: record() };
  };
}

async function states(rig: Rig): Promise<Record<string, number>> {
  return Object.fromEntries(Object.entries((await rig.queue.stats()).states).filter(([, n]) => n > 0));
}

/** The only job, as it stands. */
async function onlyJob(rig: Rig) {
  const [job] = await rig.queue.list({ limit: 1 });
  return await rig.queue.get(job?.jobId ?? 0);
}

Deno.test("run() drains the queue and ends", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 20));
  const ended = rig.orchestrator(takes(rig, () => 100)).run();
  await rig.clock.runUntilIdle();
  equal(await ended, "drained");
  deepEqual(await states(rig), { done: 20 });
});

Deno.test("run() ends at once when there is nothing to do", async () => {
  using rig = makeRig();
  const ended = rig.orchestrator(takes(rig, () => 100)).run();
  await rig.clock.advance(10);
  equal(await ended, "drained");
  equal(rig.clock.pendingTimers, 0);
});

Deno.test("run() waits for jobs that are held before it calls the queue drained", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  let heldOnce = false;
  const start = rig.clock.now();
  const ended = rig.orchestrator((job) => {
    if (heldOnce) return Promise.resolve({ type: "ack", record: record() });
    heldOnce = true;
    return Promise.resolve({ type: "hold", until: start + 3_600_000, route: job.route, cursor: "c" });
  }).run();
  await rig.clock.runUntilIdle();
  equal(await ended, "drained");
  equal(rig.clock.now() >= start + 3_600_000, true);
  equal((await onlyJob(rig))?.attempts, 1);
});

Deno.test("nextWorkAt tells when a run that waits goes on, and nothing while it works", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const until = rig.clock.now() + 3_600_000;
  let heldOnce = false;
  const orchestrator = rig.orchestrator(async (job) => {
    await new Promise<void>((resolve) => rig.clock.setTimer(1000, resolve));
    if (heldOnce) return { type: "ack", record: record() };
    heldOnce = true;
    return { type: "hold", until, route: job.route, cursor: null };
  });
  const ended = orchestrator.run();
  await rig.clock.advance(500);
  equal(orchestrator.nextWorkAt, null);
  await rig.clock.advance(1000);
  equal(orchestrator.nextWorkAt, until);
  await rig.clock.runUntilIdle();
  await ended;
});

Deno.test("run() goes on without an end when it is not to drain", async () => {
  using rig = makeRig();
  const orchestrator = rig.orchestrator(takes(rig, () => 100), { drain: false });
  const ended = orchestrator.run();
  await rig.clock.advance(10_000);
  await rig.queue.enqueue(jobsOn("a", 1));
  orchestrator.nudge();
  await rig.clock.advance(1_000);
  deepEqual(await states(rig), { done: 1 });
  orchestrator.stop(1_000);
  await rig.clock.advance(10);
  equal(await ended, "stopped", "at once, since nothing is under way");
});

Deno.test("run() works on no more jobs at once than it has workers", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 30));
  let most = 0;
  // Each ends at another moment, with a beat that may lease the next.
  const orchestrator = rig.orchestrator(takes(rig, ({ jobId }) => 50 + 10 * jobId), {
    maxWorkers: 7,
    onBeat: () => void (most = Math.max(most, orchestrator.running.length)),
  });
  const ended = orchestrator.run();
  await rig.clock.runUntilIdle();
  await ended;
  equal(most, 7);
});

Deno.test("run() tells of each job that was settled", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 2));
  const told: string[] = [];
  const ended = rig.orchestrator(takes(rig, () => 1), {
    onSettled: (job, { end, settled }) => void told.push(`${job.artifactId} ${end.type} ${settled}`),
  }).run();
  await rig.clock.runUntilIdle();
  await ended;
  deepEqual(told.toSorted(), ["doi:10.1/a.0 ack ok", "doi:10.1/a.1 ack ok"]);
});

Deno.test("a slow host occupies no worker: fast hosts finish as if alone", async () => {
  const makespan = async (slowJobs: number) => {
    using rig = makeRig();
    rig.limits.set("slow", limits({ concurrency: 1, windows: [{ limit: 1, perMs: 5_000 }] }));
    if (slowJobs > 0) await rig.queue.enqueue(jobsOn("slow", slowJobs));
    for (let host = 0; host < 10; host++) await rig.queue.enqueue(jobsOn(`fast${host}`, 20));
    const start = rig.clock.now();
    let last = 0;
    const orchestrator = rig.orchestrator(takes(rig, () => 100), {
      maxWorkers: 4,
      onSettled: (job) => {
        if (job.route !== "slow") last = rig.clock.now() - start;
      },
    });
    const ended = orchestrator.run();
    await rig.clock.advance(20_000);
    orchestrator.stop(0);
    await rig.clock.runUntilIdle();
    await ended;
    return { last, states: await states(rig) };
  };
  const alone = await makespan(0);
  const beside = await makespan(200);
  equal(alone.states["done"], 200);
  equal((beside.states["done"] ?? 0) >= 200, true);
  // The slow host's own four requests take a worker each for 100 ms.
  equal(beside.last <= alone.last * 1.05, true, `${beside.last} ms beside ${alone.last} ms alone`);
});

Deno.test("stop() lets running jobs end, and leases nothing more", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 10));
  const orchestrator = rig.orchestrator(takes(rig, () => 1_000));
  const ended = orchestrator.run();
  await rig.clock.advance(500);
  orchestrator.stop(60_000);
  await rig.clock.advance(600);
  equal(await ended, "stopped");
  deepEqual(await states(rig), { queued: 8, done: 2 });
  equal(rig.clock.pendingTimers, 0);
});

Deno.test("stop() releases what does not end by the deadline, without counting an attempt", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 3));
  const process: ProcessJob = (_job, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const orchestrator = rig.orchestrator(process);
  const ended = orchestrator.run();
  await rig.clock.advance(500);
  orchestrator.stop(10_000);
  await rig.clock.advance(9_999);
  deepEqual(await states(rig), { queued: 1, in_progress: 2 });
  await rig.clock.advance(50);
  equal(await ended, "stopped");
  deepEqual(await states(rig), { queued: 3 });
  deepEqual((await rig.queue.list({ limit: 9 })).map(({ attempts }) => attempts), [0, 0, 0]);
});

Deno.test("stop() lets what is whole at the deadline be published", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const orchestrator = rig.orchestrator(async (_job, { signal, confirm }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return await confirm()
      ? { type: "ack", record: record() }
      : { type: "release", route: "a", cursor: null };
  });
  const ended = orchestrator.run();
  await rig.clock.advance(500);
  orchestrator.stop(1_000);
  await rig.clock.advance(1_050);
  equal(await ended, "stopped");
  deepEqual(await states(rig), { done: 1 });
});

Deno.test("stop() gives back what a beat under way has leased, and does not work on it", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 2));
  const gate = makeGate();
  const exchange = rig.queue.exchange.bind(rig.queue);
  rig.queue.exchange = async (one) => {
    const exchanged = await exchange(one);
    await gate.passed;
    return exchanged;
  };
  const worked: string[] = [];
  const orchestrator = rig.orchestrator((job) => {
    worked.push(job.artifactId);
    return Promise.resolve({ type: "ack", record: record() });
  });
  const ended = orchestrator.run();
  await rig.clock.advance(0);
  deepEqual(await states(rig), { in_progress: 2 });
  orchestrator.stop(10_000);
  gate.open();
  await rig.clock.advance(50);
  equal(await ended, "stopped");
  deepEqual(worked, []);
  deepEqual(await states(rig), { queued: 2 });
  const [job] = await rig.queue.list({ limit: 1 });
  equal(job?.attempts, 0);
  equal(rig.book.views()[0]?.group.state.seen.requests, 0, "its permits were given back");
});

Deno.test("stop() twice is stop() once", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 2));
  const orchestrator = rig.orchestrator(async (job, context) => {
    const end = await takes(rig, () => 1_000)(job, context);
    context.signal.throwIfAborted();
    return end;
  });
  const ended = orchestrator.run();
  await rig.clock.advance(500);
  orchestrator.stop(60_000);
  orchestrator.stop(0);
  await rig.clock.runUntilIdle();
  equal(await ended, "stopped");
  deepEqual(await states(rig), { done: 2 });
});

Deno.test("leases live as long as their jobs, by heartbeats", async () => {
  await withFile(async (open) => {
    using rig = makeRig();
    using queue = open(rig.clock);
    using other = open(rig.clock);
    await queue.enqueue(jobsOn("a", 1));
    const ended = rig.orchestrator(takes(rig, () => 10 * TTL_MS), { queue }).run();
    await rig.clock.advance(9 * TTL_MS);
    deepEqual(await other.lease("other", [{ route: "a", count: 1 }], TTL_MS), []);
    await rig.clock.runUntilIdle();
    equal(await ended, "drained");
    equal((await queue.stats()).states.done, 1);
  });
});

Deno.test("a lost lease aborts the job's signal, and its result is dropped", async () => {
  await withFile(async (open) => {
    using rig = makeRig();
    using queue = open(rig.clock);
    using other = open(rig.clock);
    await queue.enqueue(jobsOn("a", 1));
    let aborted: unknown = null;
    let confirmed: boolean | null = null;
    const settlements: string[] = [];
    const process: ProcessJob = async (_job, { signal, confirm }) => {
      await new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => {
          aborted = signal.reason;
          resolve();
        })
      );
      confirmed = await confirm();
      return { type: "ack", record: record("ok", { path: "stale.pdf" }) };
    };
    const orchestrator = rig.orchestrator(process, {
      queue,
      onSettled: (_job, { settled }) => void settlements.push(settled),
    });
    const ended = orchestrator.run();
    await rig.clock.advance(100);
    // What happens to a process that is stopped for longer than its lease: another one finishes the job.
    const [job] = await other.list({ state: "in_progress", limit: 1 });
    await other.release([{ ...leasedOf(await other.get(job?.jobId ?? 0)) }]);
    const [taken] = await other.lease("other", [{ route: "a", count: 1 }], TTL_MS);
    if (!taken) throw new Error("the other process leased nothing");
    await other.ack(taken, record("ok", { path: "fresh.pdf" }));
    await rig.clock.advance(HEARTBEAT_MS);
    equal(aborted instanceof Error && aborted.message, "the lease was lost");
    equal(confirmed, false);
    deepEqual(settlements, ["lost"]);
    equal((await other.record(taken.jobId))?.record.path, "fresh.pdf");
    equal(await ended, "drained");
  });
});

/** The lease that a job's row tells of. */
function leasedOf(job: Awaited<ReturnType<Rig["queue"]["get"]>>): LeasedJob {
  if (!job || job.leaseUntil === null) throw new Error("the job is not leased");
  return { ...job, leaseUntil: job.leaseUntil };
}

Deno.test("a job that is leased anew here aborts whoever still works on it", async () => {
  await withFile(async (open) => {
    using rig = makeRig();
    using queue = open(rig.clock);
    using other = open(rig.clock);
    await queue.enqueue(jobsOn("a", 1));
    const epochs: number[] = [];
    const process: ProcessJob = async (job, { signal }) => {
      epochs.push(job.epoch);
      if (epochs.length > 1) return { type: "ack", record: record() };
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      return { type: "release", route: job.route, cursor: null };
    };
    const settlements: string[] = [];
    const orchestrator = rig.orchestrator(process, {
      queue,
      onSettled: (_job, { end, settled }) => void settlements.push(`${end.type} ${settled}`),
    });
    const ended = orchestrator.run();
    await rig.clock.advance(100);
    const [job] = await other.list({ state: "in_progress", limit: 1 });
    await other.release([leasedOf(await other.get(job?.jobId ?? 0))]);
    await rig.clock.advance(1_000);
    deepEqual(epochs, [1, 2]);
    deepEqual(settlements.toSorted(), ["ack ok", "release lost"]);
    equal(await ended, "drained");
  });
});

Deno.test("confirm() proves a lease anew when it is about to lapse", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const heartbeats: boolean[] = [];
  const exchange = rig.queue.exchange.bind(rig.queue);
  rig.queue.exchange = (one) => {
    heartbeats.push(one.heartbeat);
    return exchange(one);
  };
  const answers: boolean[] = [];
  const ended = rig.orchestrator(async (_job, { confirm }) => {
    answers.push(await confirm());
    await new Promise<void>((resolve) => rig.clock.setTimer(TTL_MS - 3_000, resolve));
    heartbeats.length = 0;
    answers.push(await confirm());
    return { type: "ack", record: record() };
    // So long that no heartbeat of its own comes in between.
  }, { heartbeatMs: 10 * TTL_MS }).run();
  await rig.clock.runUntilIdle();
  await ended;
  deepEqual(answers, [true, true]);
  equal(heartbeats[0], true);
});

Deno.test("a job that is leased anew here stays under watch when the work of before ends", async () => {
  await withFile(async (open) => {
    using rig = makeRig();
    using queue = open(rig.clock);
    using other = open(rig.clock);
    await queue.enqueue(jobsOn("a", 1));
    const gate = makeGate();
    const ended: number[] = [];
    const process: ProcessJob = async (job, { signal }) => {
      if (job.epoch === 1) await new Promise<void>((done) => signal.addEventListener("abort", () => done()));
      else await gate.passed;
      ended.push(job.epoch);
      return { type: "ack", record: record() };
    };
    const orchestrator = rig.orchestrator(process, { queue });
    const end = orchestrator.run();
    await rig.clock.advance(100);
    const [job] = await other.list({ state: "in_progress", limit: 1 });
    await other.release([leasedOf(await other.get(job?.jobId ?? 0))]);
    await rig.clock.advance(1_000);
    deepEqual(ended, [1]);
    deepEqual(orchestrator.running.map(({ epoch }) => epoch), [2]);
    gate.open();
    await rig.clock.advance(1_000);
    equal(await end, "drained");
  });
});

Deno.test("confirm() believes the heartbeats that came since the lease", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const answers: boolean[] = [];
  const ended = rig.orchestrator(async (_job, { confirm }) => {
    await new Promise<void>((resolve) => rig.clock.setTimer(2.5 * TTL_MS, resolve));
    answers.push(await confirm());
    return { type: "ack", record: record() };
  }).run();
  await rig.clock.advance(3 * TTL_MS);
  await ended;
  deepEqual(answers, [true]);
});

Deno.test("run() leaves no trace of its worker behind", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  const ended = rig.orchestrator(() => Promise.resolve({ type: "ack", record: record() })).run();
  await rig.clock.advance(10);
  equal(await ended, "drained");
  deepEqual(await rig.queue.holders(), []);
});

Deno.test("a job's unexpected throw becomes a retry, and an error when no attempt is left", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("fresh:doi", 1));
  const instants: number[] = [];
  const ended = rig.orchestrator(() => {
    instants.push(rig.clock.now());
    return Promise.reject(new TypeError("a defect"));
  }).run();
  await rig.clock.runUntilIdle();
  equal(await ended, "drained");
  // Backoff of one second, then two.
  deepEqual(instants.map((at) => Math.floor((at - (instants[0] ?? 0)) / 1_000)), [0, 1, 3]);
  const job = await onlyJob(rig);
  deepEqual([job?.state, job?.reason, job?.attempts], ["error", "resolver-failed", 3]);
});

Deno.test("a 429 costs the job no attempt and keeps everybody away until the instant", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 4));
  const starts: number[] = [];
  const process: ProcessJob = async (job, { permits }) => {
    const permit = await permits.acquire([job.route]);
    if (permit.type === "closed") return { type: "hold", until: null, route: job.route, cursor: null };
    using held = permit;
    starts.push(rig.clock.now());
    if (starts.length > 1) {
      held.report(answered());
      return { type: "ack", record: record() };
    }
    held.report(answered(429, { "retry-after": "5000" }));
    return { type: "hold", until: null, route: job.route, cursor: null };
  };
  const ended = rig.orchestrator(process, { maxWorkers: 1 }).run();
  await rig.clock.runUntilIdle();
  equal(await ended, "drained");
  equal(starts.length, 5);
  equal((starts[1] ?? 0) - (starts[0] ?? 0) >= 5_000_000, true);
  deepEqual((await rig.queue.list({ limit: 9 })).map(({ attempts }) => attempts), [1, 1, 1, 1]);
});

Deno.test("run() rejects when the database fails, and aborts the running jobs", async () => {
  using rig = makeRig();
  await rig.queue.enqueue(jobsOn("a", 1));
  let aborted = false;
  const orchestrator = rig.orchestrator((job, { signal }) =>
    new Promise((resolve) =>
      signal.addEventListener("abort", () => {
        aborted = true;
        resolve({ type: "release", route: job.route, cursor: null });
      })
    )
  );
  const failed = rejects(orchestrator.run(), /the disk is full/);
  await rig.clock.advance(10);
  rig.queue.exchange = () => Promise.reject(new Error("the disk is full"));
  orchestrator.nudge();
  await rig.clock.advance(10);
  await failed;
  equal(aborted, true);
  deepEqual(orchestrator.running, []);
});
