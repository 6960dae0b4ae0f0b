/**
 * Putting jobs in.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { job, jobs, record } from "../../queue/_jobs.ts";
import type { Backend } from "../work_queue.ts";
import { queueTest } from "./_rig.ts";

/** Registers the tests of `enqueue`. */
export function testEnqueue(name: string, backend: Backend): void {
  queueTest(`${name}: enqueue() takes each artifact once`, backend, async ({ queue }) => {
    deepEqual(await queue.enqueue([job(1), job(2), job(1)]), { added: 2, duplicates: 1 });
    deepEqual(await queue.enqueue([job(2), job(3)]), { added: 1, duplicates: 1 });
    deepEqual(await queue.enqueue([]), { added: 0, duplicates: 0 });
    equal((await queue.stats()).states.queued, 3);
  });

  queueTest(`${name}: enqueue() knows what is leased and finished`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(2));
    const done = await rig.leaseOne("a");
    await rig.queue.ack(done, record());
    await rig.leaseOne("a");
    deepEqual(await rig.queue.enqueue(jobs(2)), { added: 0, duplicates: 2 });
    equal((await rig.queue.get(done.jobId))?.state, "done");
  });

  queueTest(`${name}: enqueue() keeps the first metadata and set`, backend, async ({ queue, clock }) => {
    const enqueuedAt = clock.now();
    await queue.enqueue([job(1, { metadata: { title: "first" }, priority: 4 })], "one");
    await clock.advance(1_000);
    await queue.enqueue([job(1, { metadata: { title: "second" }, priority: 2 }), job(2)], "two");
    const kept = await queue.get("doi:10.1234/example.1");
    deepEqual(kept?.metadata, { title: "first" });
    deepEqual([kept?.set, kept?.priority, kept?.enqueuedAt], ["one", 4, enqueuedAt]);
    const later = await queue.get("doi:10.1234/example.2");
    deepEqual([later?.set, later?.enqueuedAt], ["two", enqueuedAt + 1_000]);
  });

  queueTest(`${name}: enqueue() of several connections adds each artifact once`, backend, async (rig) => {
    const others = [rig.queue, rig.another(), rig.another()];
    const results = await Promise.all(others.map((queue, n) => queue.enqueue(jobs(100, n * 50))));
    equal(results.reduce((sum, { added }) => sum + added, 0), 200);
    equal(results.reduce((sum, { duplicates }) => sum + duplicates, 0), 100);
    for (const queue of others) equal((await queue.stats()).states.queued, 200);
  }, { needsSharing: true, realTime: true });

  queueTest(
    `${name}: a job can be put in anew after it was pruned, and no stale lease fits it`,
    backend,
    async (rig) => {
      await rig.queue.enqueue([job(1)]);
      const old = await rig.leaseOne("a");
      await rig.queue.ack(old, record());
      await rig.clock.advance(1_000);
      equal((await rig.queue.prune({ finishedBefore: rig.clock.now() })).jobs, 1);
      deepEqual(await rig.queue.enqueue([job(1)]), { added: 1, duplicates: 0 });
      const fresh = await rig.leaseOne("b");
      equal(await rig.queue.ack(old, record()), "lost");
      equal((await rig.queue.get(fresh.jobId))?.state, "in_progress");
    },
  );
}
