/**
 * How jobs end, wait and come back.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { failure, job, jobs, record } from "../../queue/_jobs.ts";
import type { Backend } from "../work_queue.ts";
import { FRESH, queueTest, RETRY, TTL_MS } from "./_rig.ts";

/** Registers the tests of `ack`, `failAndRetry`, `hold`, `release` and `retryFailed`. */
export function testSettlements(name: string, backend: Backend): void {
  for (
    const [reason, state] of [["ok", "done"], ["no-open-copy", "skipped"], ["login-wall", "error"]] as const
  ) {
    queueTest(`${name}: ack() ends a job as ${state} for good`, backend, async (rig) => {
      await rig.queue.enqueue([job(1)]);
      const leased = await rig.leaseOne("a");
      await rig.clock.advance(7);
      equal(await rig.queue.ack(leased, record(reason, { bytes: 12 })), "ok");
      const ended = await rig.queue.get(leased.jobId);
      deepEqual([ended?.state, ended?.reason, ended?.attempts, ended?.holder, ended?.leaseUntil], [
        state,
        reason,
        1,
        null,
        null,
      ]);
      deepEqual(await rig.queue.record(leased.jobId), {
        artifactId: leased.artifactId,
        attempts: 1,
        finishedAt: rig.clock.now(),
        record: record(reason, { bytes: 12 }),
      });
      await rig.clock.advance(10 * TTL_MS);
      deepEqual(await rig.lease("b", 1), []);
    });
  }

  for (const random of [0, 0.5, 0.999]) {
    queueTest(
      `${name}: failAndRetry() backs off twice as long each time, jitter ${random}`,
      backend,
      async (rig) => {
        await rig.queue.enqueue([job(1)]);
        for (const attempts of [1, 2]) {
          const leased = await rig.leaseOne("a");
          equal(leased.attempts, attempts - 1);
          equal(await rig.queue.failAndRetry(leased, failure({ cursor: `after ${attempts}` })), "retry");
          const delayMs = Math.round(RETRY.backoffMs * 2 ** (attempts - 1) + random * RETRY.jitterMs);
          const waiting = await rig.queue.get(leased.jobId);
          deepEqual([waiting?.state, waiting?.attempts, waiting?.dueAt], [
            "queued",
            attempts,
            rig.clock.now() + delayMs,
          ]);
          deepEqual([waiting?.lastError, waiting?.cursor], ["timeout: no answer", `after ${attempts}`]);
          await rig.clock.advance(delayMs - 1);
          deepEqual(await rig.lease("a", 1), []);
          await rig.clock.advance(1);
        }
        const last = await rig.leaseOne("a");
        equal(await rig.queue.failAndRetry(last, failure()), "error");
        const ended = await rig.queue.get(last.jobId);
        deepEqual([ended?.state, ended?.attempts, ended?.reason, ended?.cursor, ended?.lastError], [
          "error",
          3,
          "timeout",
          null,
          null,
        ]);
      },
      { random },
    );
  }

  queueTest(
    `${name}: hold() waits for its route, counts no attempt and keeps the cursor`,
    backend,
    async (rig) => {
      await rig.queue.enqueue([job(1, { metadata: { title: "t" } })]);
      const leased = await rig.leaseOne("a");
      equal(await rig.queue.hold(leased, null, "host:slow.example", "learned"), "ok");
      const waiting = await rig.queue.get(leased.jobId);
      deepEqual([waiting?.holder, waiting?.leaseUntil], [null, null]);
      deepEqual(await rig.lease("a", 1), []);
      const again = await rig.leaseOne("a", "host:slow.example");
      deepEqual([again.attempts, again.cursor, again.metadata, again.epoch], [
        0,
        "learned",
        { title: "t" },
        2,
      ]);
    },
  );

  queueTest(`${name}: hold() until an instant is over at that instant`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(2));
    const [first, second] = await rig.lease("a", 2);
    if (!first || !second) throw new Error("two jobs were queued");
    const until = rig.clock.now() + 5_000;
    await rig.queue.hold(first, until, FRESH, null);
    await rig.queue.hold(second, rig.clock.now() - 1, FRESH, null);
    equal((await rig.queue.get(first.jobId))?.dueAt, until);
    deepEqual((await rig.lease("a", 2)).map(({ jobId }) => jobId), [second.jobId]);
    await rig.clock.advance(4_999);
    deepEqual(await rig.lease("a", 2), []);
    await rig.clock.advance(1);
    deepEqual((await rig.lease("a", 2)).map(({ jobId }) => jobId), [first.jobId]);
  });

  queueTest(
    `${name}: hold() until a fraction of a millisecond ends with the whole one`,
    backend,
    async (rig) => {
      await rig.queue.enqueue(jobs(2));
      const [first, second] = await rig.lease("a", 2);
      if (!first || !second) throw new Error("two jobs were queued");
      const now = rig.clock.now();
      await rig.queue.hold(first, now + 0.25, FRESH, null);
      equal((await rig.queue.get(first.jobId))?.dueAt, now + 1);
      // An instant that has come is no schedule.
      await rig.queue.hold(second, now, FRESH, null);
      equal((await rig.queue.get(second.jobId))?.dueAt, null);
    },
  );

  queueTest(`${name}: a holder's cursor replaces the one before, null included`, backend, async (rig) => {
    await rig.queue.enqueue([job(1)]);
    const cursors: (string | null)[] = [];
    for (const cursor of ["one", null, "three", null]) {
      const leased = await rig.leaseOne("a");
      cursors.push(leased.cursor);
      await rig.queue.hold(leased, null, FRESH, cursor);
    }
    cursors.push((await rig.leaseOne("a")).cursor);
    deepEqual(cursors, [null, "one", null, "three", null]);
  });

  queueTest(`${name}: a job keeps its set and priority whatever becomes of it`, backend, async (rig) => {
    await rig.queue.enqueue([job(1)], "another");
    await rig.queue.enqueue([job(2, { priority: 3 })], "spring");
    const priorities = async () => {
      const details = await rig.queue.get(2);
      return [details?.set, details?.priority];
    };
    const [, leased] = await rig.lease("a", 2);
    if (!leased) throw new Error("two jobs were queued");
    await rig.queue.hold(leased, null, "host:h.example", null);
    deepEqual(await priorities(), ["spring", 3]);
    await rig.queue.ack(await rig.leaseOne("a", "host:h.example"), record("timeout"));
    equal(await rig.queue.retryFailed(), 1);
    deepEqual(await priorities(), ["spring", 3]);
  });

  queueTest(`${name}: a hold keeps what is told of the last failure`, backend, async (rig) => {
    await rig.queue.enqueue([job(1)]);
    await rig.queue.failAndRetry(await rig.leaseOne("a"), failure());
    await rig.clock.advance(RETRY.backoffMs + RETRY.jitterMs);
    await rig.queue.hold(await rig.leaseOne("a"), null, FRESH, "learned");
    equal((await rig.queue.get(1))?.lastError, "timeout: no answer");
  });

  queueTest(`${name}: a lapsed lease keeps cursor, route and attempts`, backend, async (rig) => {
    await rig.queue.enqueue([job(1)]);
    await rig.queue.hold(await rig.leaseOne("a"), null, "host:h.example", "learned");
    await rig.leaseOne("a", "host:h.example");
    await rig.clock.advance(TTL_MS);
    const again = await rig.leaseOne("b", "host:h.example");
    deepEqual([again.cursor, again.attempts, again.epoch], ["learned", 0, 3]);
  });

  queueTest(
    `${name}: an end forgets what another connection learned of the job meanwhile`,
    backend,
    async (rig) => {
      await rig.queue.enqueue([job(1)]);
      await rig.leaseOne("a");
      await rig.clock.advance(TTL_MS);
      const other = rig.another();
      const [theirs] = await other.lease("b", [{ route: FRESH, count: 1 }], TTL_MS);
      if (theirs) await other.hold(theirs, null, FRESH, "learned");
      await rig.queue.ack(await rig.leaseOne("a"), record());
      equal((await rig.queue.get(1))?.cursor, null);
    },
    { needsSharing: true },
  );

  queueTest(`${name}: release() gives jobs back at once and counts no attempt`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(3));
    await rig.queue.release(await rig.lease("a", 3));
    equal((await rig.queue.stats()).states.queued, 3);
    const again = await rig.lease("b", 3);
    deepEqual(again.map(({ attempts, epoch }) => [attempts, epoch]), [[0, 2], [0, 2], [0, 2]]);
  });

  queueTest(
    `${name}: retryFailed() queues failed jobs anew, all or those asked for`,
    backend,
    async (rig) => {
      await rig.queue.enqueue(jobs(5));
      const leased = await rig.lease("a", 5);
      const reasons = ["timeout", "timeout", "not-pdf", "ok", "closed-access"] as const;
      for (const [n, lease] of leased.entries()) await rig.queue.ack(lease, record(reasons[n]));
      equal(await rig.queue.retryFailed({ reason: "http-5xx" }), 0);
      equal(await rig.queue.retryFailed({ maxAttempts: 1 }), 0);
      equal(await rig.queue.retryFailed({ reason: "timeout", maxAttempts: 2 }), 2);
      deepEqual((await rig.queue.stats()).reasons, { "closed-access": 1, "not-pdf": 1, "ok": 1 });
      equal(await rig.queue.record(leased[0]?.jobId ?? 0), null);
      equal(await rig.queue.retryFailed(), 1);
      const again = await rig.lease("b", 9);
      deepEqual(
        again.map(({ attempts, cursor, epoch }) => [attempts, cursor, epoch]),
        Array(3).fill([0, null, 2]),
      );
      for (const lease of leased) equal(await rig.queue.ack(lease, record()), "lost");
    },
  );

  queueTest(`${name}: retryFailed() goes through more than a page`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(1_200));
    for (const lease of await rig.lease("a", 1_200)) await rig.queue.ack(lease, record("timeout"));
    equal(await rig.queue.retryFailed(), 1_200);
    equal((await rig.lease("a", 2_000)).length, 1_200);
  });

  queueTest(`${name}: a job whose workers die a hundred times ends`, backend, async (rig) => {
    await rig.queue.enqueue([job(1)]);
    for (let lapse = 0; lapse < 100; lapse++) {
      await rig.leaseOne("a");
      await rig.clock.advance(TTL_MS);
    }
    deepEqual(await rig.lease("a", 1), []);
    equal((await rig.queue.get(1))?.reason, "attempts-exhausted");
    // Whoever asks for it again means it: the count begins anew.
    await rig.queue.retryFailed();
    await rig.leaseOne("a");
    await rig.clock.advance(TTL_MS);
    await rig.queue.lease("a", [], TTL_MS);
    const again = await rig.queue.get(1);
    deepEqual([again?.state, again?.holder, again?.leaseUntil], ["queued", null, null]);
  });
}
