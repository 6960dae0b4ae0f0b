/**
 * What can be read of a queue.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { JobSummary, ListQuery, WorkQueue } from "../../../src/queue/mod.ts";
import { failure, job, jobs, record } from "../../queue/_jobs.ts";
import type { Backend } from "../work_queue.ts";
import { queueTest, type Rig } from "./_rig.ts";

/** Registers the tests of `stats`, `list`, `get`, `finished`, `record`, `prune` and `check`. */
export function testReading(name: string, backend: Backend): void {
  queueTest(`${name}: stats() counts by state and reason`, backend, async (rig) => {
    await everyState(rig);
    deepEqual(await rig.queue.stats(), {
      states: { queued: 3, in_progress: 1, done: 2, skipped: 2, error: 2 },
      total: 10,
      paused: false,
      reasons: { "closed-access": 2, "not-pdf": 1, "ok": 2, "timeout": 1 },
    });
  });

  queueTest(`${name}: list() pages through each state in the order of ids`, backend, async (rig) => {
    await everyState(rig);
    const expected: [Omit<ListQuery, "limit">, number[]][] = [
      [{}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
      [{ state: "queued" }, [8, 9, 10]],
      [{ state: "in_progress" }, [7]],
      [{ state: "done" }, [1, 4]],
      [{ state: "skipped" }, [2, 5]],
      [{ state: "error" }, [3, 6]],
      [{ reason: "closed-access" }, [2, 5]],
      [{ reason: "timeout", state: "error" }, [6]],
      [{ reason: "timeout", state: "done" }, []],
    ];
    for (const [query, ids] of expected) {
      for (const limit of [1, 2, 100]) deepEqual(await pages(rig.queue, { ...query, limit }), ids);
    }
    const [first] = await rig.queue.list({ limit: 1 });
    const summary: JobSummary = {
      jobId: 1,
      artifactId: "doi:10.1234/example.0",
      state: "done",
      attempts: 1,
      route: "fresh:doi",
      dueAt: null,
      reason: "ok",
    };
    deepEqual(first, summary);
  });

  queueTest(`${name}: list() by reason and state fills its pages`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(4));
    const leased = await rig.lease("a", 4);
    for (const [n, lease] of leased.entries()) {
      await rig.queue.ack(lease, record("timeout", { outcome: n < 2 ? "skipped" : "error" }));
    }
    deepEqual(await pages(rig.queue, { reason: "timeout", state: "error", limit: 1 }), [3, 4]);
  });

  queueTest(`${name}: get() finds a job by number and by artifact id`, backend, async (rig) => {
    await rig.queue.enqueue([job(7, { metadata: { title: "t" }, priority: 3 })], "list.txt");
    const byNumber = await rig.queue.get(1);
    deepEqual(byNumber, await rig.queue.get("doi:10.1234/example.7"));
    deepEqual(byNumber, {
      jobId: 1,
      artifactId: "doi:10.1234/example.7",
      state: "queued",
      attempts: 0,
      route: "fresh:doi",
      dueAt: null,
      reason: null,
      set: "list.txt",
      priority: 3,
      metadata: { title: "t" },
      enqueuedAt: rig.clock.now(),
      epoch: 0,
      holder: null,
      leaseUntil: null,
      cursor: null,
      lastError: null,
    });
    equal(await rig.queue.get(2), null);
    equal(await rig.queue.get("doi:10.1234/none"), null);
  });

  queueTest(`${name}: finished() gives every finished job while others finish`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(1_300));
    const leased = await rig.lease("a", 1_300);
    for (const lease of leased.slice(0, 1_200)) await rig.queue.ack(lease, record());
    const seen: string[] = [];
    for await (const { artifactId } of rig.queue.finished()) {
      if (seen.length === 600) {
        for (const lease of leased.slice(1_200)) await rig.queue.ack(lease, record("not-pdf"));
      }
      seen.push(artifactId);
    }
    deepEqual(seen, jobs(1_300).map(({ artifactId }) => artifactId));
    const failed: number[] = [];
    for await (const { record: { reason }, attempts } of rig.queue.finished("error")) {
      equal(reason, "not-pdf");
      failed.push(attempts);
    }
    deepEqual(failed, Array(100).fill(1));
    equal(await rig.queue.record(9_999), null);
  });

  queueTest(
    `${name}: prune() forgets jobs that finished before an instant, and only these`,
    backend,
    async (rig) => {
      await rig.queue.enqueue(jobs(700));
      for (const lease of await rig.lease("a", 600)) {
        if (lease.jobId === 301) await rig.clock.advance(1_000);
        await rig.queue.ack(lease, record(lease.jobId % 2 ? "ok" : "timeout"));
      }
      deepEqual((await rig.queue.prune()).jobs, 0);
      deepEqual((await rig.queue.prune({ finishedBefore: rig.clock.now() })).jobs, 300);
      const { states, reasons } = await rig.queue.stats();
      deepEqual(states, { queued: 100, in_progress: 0, done: 150, skipped: 0, error: 150 });
      deepEqual(reasons, { ok: 150, timeout: 150 });
      equal(await rig.queue.get(300), null);
      ok(await rig.queue.record(301));
    },
  );
  testPruneBesideOthers(name, backend);
}

/** `prune` while others work on the queue; registered by {@linkcode testReading}. */
function testPruneBesideOthers(name: string, backend: Backend): void {
  queueTest(
    `${name}: prune() forgets the lanes of forgotten jobs, and others that knew them go on`,
    backend,
    async (rig) => {
      const other = rig.another();
      await rig.queue.enqueue(jobs(2).map((job) => ({ ...job, route: "host:h.example" })));
      for (const lease of await rig.lease("a", 2, "host:h.example")) await rig.queue.ack(lease, record("ok"));
      // Both know the lane now.
      deepEqual(await other.lease("b", [{ route: "host:h.example", count: 1 }], 60_000), []);
      await rig.clock.advance(1_000);
      for (const [queue, worker] of [[rig.queue, "a"], [other, "b"]] as const) await queue.leave(worker);
      equal((await rig.queue.prune({ finishedBefore: rig.clock.now() })).jobs, 2);
      for (const [queue, artifactId] of [[other, "doi:10.1/x"], [rig.queue, "doi:10.1/y"]] as const) {
        await queue.enqueue([{ artifactId, metadata: null, priority: 0, route: "host:h.example" }]);
        const [leased] = await rig.lease("a", 1, "host:h.example");
        equal(leased?.artifactId, artifactId);
      }
      deepEqual((await rig.queue.check()).counters, []);
    },
    { needsSharing: true },
  );

  queueTest(`${name}: prune() forgets limit groups that are idle, and only these`, backend, async (rig) => {
    await rig.queue.changeGroup("old", () => "0");
    await rig.queue.changeGroup("new", () => "1");
    await rig.queue.prune();
    equal((await rig.queue.groups()).length, 2);
    await rig.queue.prune({ isIdle: ({ state }) => state === "0" });
    deepEqual((await rig.queue.groups()).map((group) => group.name), ["new"]);
    // One that somebody changes meanwhile is not idle.
    const changes: Promise<void>[] = [];
    const isIdle = ({ name }: { readonly name: string }) => {
      changes.push(rig.queue.changeGroup(name, () => "2"));
      return true;
    };
    await rig.queue.prune({ isIdle });
    await Promise.all(changes);
    deepEqual((await rig.queue.groups()).map((group) => group.name), ["new"]);
  });
}

/** Ten jobs: done, skipped, error twice; one in progress; two that wait for a retry or a route; one fresh. */
async function everyState({ queue, lease }: Rig): Promise<void> {
  await queue.enqueue(jobs(10));
  const leased = await lease("a", 9);
  const reasons = ["ok", "closed-access", "not-pdf", "ok", "closed-access", "timeout"] as const;
  for (const [n, reason] of reasons.entries()) {
    const job = leased[n];
    if (job) await queue.ack(job, record(reason));
  }
  const [retried, held] = leased.slice(7);
  if (retried) await queue.failAndRetry(retried, failure());
  if (held) await queue.hold(held, null, "host:h.example", "c");
}

async function pages(queue: WorkQueue, query: ListQuery): Promise<number[]> {
  const ids: number[] = [];
  for (;;) {
    const page = await queue.list({ ...query, afterId: ids.at(-1) ?? 0 });
    ok(page.length <= query.limit);
    if (page.length === 0) return ids;
    ids.push(...page.map(({ jobId }) => jobId));
  }
}
