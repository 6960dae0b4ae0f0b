/**
 * Leases: who gets which job, and for how long.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { freshRoute } from "../../../src/queue/mod.ts";
import { job, jobs, record } from "../../queue/_jobs.ts";
import type { Backend } from "../work_queue.ts";
import { FRESH, queueTest, TTL_MS } from "./_rig.ts";

/** Registers the tests of `lease`, `heartbeat`, lapses and pauses. */
export function testClaims(name: string, backend: Backend): void {
  queueTest(`${name}: lease() gives the oldest jobs with what they carry`, backend, async (rig) => {
    await rig.queue.enqueue([job(1, { metadata: { title: "t" } }), job(2), job(3)]);
    const leased = await rig.lease("a", 2);
    deepEqual(leased.map(({ artifactId }) => artifactId), ["doi:10.1234/example.1", "doi:10.1234/example.2"]);
    deepEqual(leased.map(({ metadata }) => metadata), [{ title: "t" }, null]);
    const [first] = leased;
    deepEqual([first?.attempts, first?.cursor, first?.route, first?.epoch], [0, null, FRESH, 1]);
    equal(first?.leaseUntil, rig.clock.now() + TTL_MS);
    const details = await rig.queue.get(first?.jobId ?? 0);
    deepEqual([details?.state, details?.holder, details?.leaseUntil], [
      "in_progress",
      "a",
      first?.leaseUntil,
    ]);
  });

  queueTest(
    `${name}: lease() for a fraction of a millisecond ends with the whole one`,
    backend,
    async (rig) => {
      await rig.queue.enqueue(jobs(1));
      const [leased] = await rig.queue.lease("a", [{ route: FRESH, count: 1 }], TTL_MS + 0.25);
      equal(leased?.leaseUntil, rig.clock.now() + TTL_MS + 1);
      await rig.queue.heartbeat("a", TTL_MS + 0.25);
      equal((await rig.queue.get(1))?.leaseUntil, rig.clock.now() + TTL_MS + 1);
    },
  );

  queueTest(`${name}: lease() meets the demand of each route and no more`, backend, async ({ queue }) => {
    await queue.enqueue([
      ...jobs(5),
      ...jobs(5, 10, { artifactId: "" }).map((each, n) => ({ ...each, artifactId: `arxiv:2101.0000${n}` })),
    ]);
    const demand = [{ route: "fresh:arxiv", count: 2 }, { route: FRESH, count: 0 }, {
      route: "nobody",
      count: 9,
    }];
    const leased = await queue.lease("a", demand, TTL_MS);
    deepEqual(leased.map(({ artifactId }) => freshRoute(artifactId)), ["fresh:arxiv", "fresh:arxiv"]);
    equal((await queue.lease("a", [{ route: FRESH, count: 99 }], TTL_MS)).length, 5);
    equal((await queue.stats()).states.in_progress, 7);
  });

  queueTest(`${name}: several connections never lease one job twice`, backend, async (rig) => {
    const queues = [rig.queue, rig.another(), rig.another(), rig.another()];
    await rig.queue.enqueue(jobs(400));
    const taken: number[] = [];
    await Promise.all(queues.map(async (queue, n) => {
      for (;;) {
        const leased = await queue.lease(`worker-${n}`, [{ route: FRESH, count: 7 }], TTL_MS);
        if (leased.length === 0) return;
        taken.push(...leased.map(({ jobId }) => jobId));
      }
    }));
    deepEqual(taken.toSorted((a, b) => a - b), Array.from({ length: 400 }, (_, n) => n + 1));
  }, { needsSharing: true, realTime: true });

  queueTest(`${name}: concurrent calls of one connection wait for each other`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(40));
    const calls = Array.from({ length: 20 }, (_, n) => rig.lease(n % 2 ? "a" : "b", 2));
    const taken = (await Promise.all(calls)).flat().map(({ jobId }) => jobId);
    equal(new Set(taken).size, 40);
  });

  queueTest(
    `${name}: a call that is made as another one ends waits behind those before it`,
    backend,
    async (rig) => {
      const calls: Promise<{ readonly added: number }>[] = [];
      const plan = () => {
        calls.push(rig.queue.enqueue([job(1)]));
        queueMicrotask(() => calls.push(rig.queue.enqueue([job(2)])));
        return { demand: [], groups: [], inFlight: null };
      };
      const fields = { leaseTtlMs: TTL_MS, settlements: [], heartbeat: false, plan };
      await rig.queue.exchange({ workerId: "a", ...fields });
      deepEqual((await Promise.all(calls)).map(({ added }) => added), [1, 1]);
      equal((await rig.queue.get("doi:10.1234/example.1"))?.jobId, 1);
    },
  );

  queueTest(
    `${name}: a lease lapses at its instant and not before, and its epoch grows`,
    backend,
    async (rig) => {
      await rig.queue.enqueue([job(1)]);
      const first = await rig.leaseOne("a");
      await rig.clock.advance(TTL_MS - 1);
      deepEqual(await rig.lease("b", 1), []);
      await rig.clock.advance(1);
      const second = await rig.leaseOne("b");
      deepEqual([second.jobId, second.epoch, second.attempts], [first.jobId, first.epoch + 1, 0]);
    },
  );

  queueTest(
    `${name}: heartbeat() extends a worker's leases and tells which are held`,
    backend,
    async (rig) => {
      await rig.queue.enqueue(jobs(3));
      const mine = await rig.lease("a", 2);
      await rig.leaseOne("b");
      await rig.clock.advance(TTL_MS - 1);
      const held = await rig.queue.heartbeat("a", TTL_MS);
      deepEqual(
        held.toSorted((x, y) => x.jobId - y.jobId),
        mine.map(({ jobId, epoch }) => ({ jobId, epoch })),
      );
      await rig.clock.advance(TTL_MS - 1);
      deepEqual((await rig.lease("c", 9)).map(({ jobId }) => jobId), [3]);
      deepEqual(await rig.queue.heartbeat("nobody", TTL_MS), []);
    },
  );

  queueTest(`${name}: heartbeat() does not bring back a lease that another took`, backend, async (rig) => {
    await rig.queue.enqueue([job(1)]);
    await rig.leaseOne("a");
    await rig.clock.advance(TTL_MS);
    const taken = await rig.leaseOne("b");
    deepEqual(await rig.queue.heartbeat("a", TTL_MS), []);
    deepEqual(await rig.queue.heartbeat("b", TTL_MS), [{ jobId: taken.jobId, epoch: taken.epoch }]);
  });

  queueTest(`${name}: pause() stops leases in every connection until resume()`, backend, async (rig) => {
    await rig.queue.enqueue([job(1)]);
    const other = rig.another();
    await other.pause();
    deepEqual(await rig.lease("a", 1), []);
    equal((await rig.queue.stats()).paused, true);
    await other.resume();
    equal((await rig.queue.stats()).paused, false);
    equal((await rig.lease("a", 1)).length, 1);
  }, { needsSharing: true });

  queueTest(`${name}: pause() lets leased jobs end`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(2));
    const leased = await rig.leaseOne("a");
    await rig.queue.pause();
    deepEqual(await rig.lease("a", 1), []);
    equal(await rig.queue.ack(leased, record()), "ok");
    await rig.queue.resume();
    equal((await rig.lease("a", 1)).length, 1);
  });
}
