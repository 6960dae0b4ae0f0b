/**
 * Fencing: whoever does not hold the lease changes nothing.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { Lease, LeasedJob, WorkQueue } from "../../../src/queue/mod.ts";
import { failure, job, record } from "../../queue/_jobs.ts";
import type { Backend } from "../work_queue.ts";
import { queueTest, type Rig, TTL_MS } from "./_rig.ts";

/** Every write that a lease holder can make. */
const WRITES: readonly [string, (queue: WorkQueue, lease: Lease) => Promise<string | void>][] = [
  ["ack()", (queue, lease) => queue.ack(lease, record())],
  ["failAndRetry()", (queue, lease) => queue.failAndRetry(lease, failure({ cursor: "stale" }))],
  ["hold()", (queue, lease) => queue.hold(lease, null, "host:stale.example", "stale")],
  ["hold() until later", (queue, lease) => queue.hold(lease, 9e15, "host:stale.example", "stale")],
  ["release()", (queue, lease) => queue.release([leasedAs(lease)])],
];

/** Ways in which a job leaves its holder. */
const LOSSES: readonly [string, (rig: Rig, lease: LeasedJob) => Promise<unknown>][] = [
  ["another leased it after a lapse", async (rig) => {
    await rig.clock.advance(TTL_MS);
    await rig.leaseOne("b");
  }],
  ["another leased it after a lapse, at its last attempt", async (rig, lease) => {
    let held: Lease = lease;
    for (let attempt = 0; attempt < 2; attempt++) {
      await rig.queue.failAndRetry(held, failure());
      await rig.clock.advance(10_000);
      held = await rig.leaseOne("b");
    }
  }],
  ["it was taken back and waits", async (rig) => {
    await rig.clock.advance(TTL_MS);
    await rig.lease("b", 1, "nothing");
  }],
  ["it is done", (rig, lease) => rig.queue.ack(lease, record())],
  ["it is skipped", (rig, lease) => rig.queue.ack(lease, record("closed-access"))],
  ["it is in error", (rig, lease) => rig.queue.ack(lease, record("not-pdf"))],
  ["it was held", (rig, lease) => rig.queue.hold(lease, null, "host:open.example", "mine")],
  ["it was held until later", (rig, lease) => rig.queue.hold(lease, 9e14, "host:open.example", "mine")],
  ["it was retried", (rig, lease) => rig.queue.failAndRetry(lease, failure({ cursor: "mine" }))],
  ["it was released", (rig, lease) => rig.queue.release([lease])],
];

/** Registers the tests of the fences. */
export function testFencing(name: string, backend: Backend): void {
  for (const [write, attempt] of WRITES) {
    for (const [loss, lose] of LOSSES) {
      queueTest(`${name}: ${write} changes nothing once ${loss}`, backend, async (rig) => {
        await rig.queue.enqueue([job(1, { metadata: { title: "t" } })]);
        const lease = await rig.leaseOne("a");
        await lose(rig, lease);
        const before = await everything(rig.queue, lease.jobId);
        const answer = await attempt(rig.queue, lease);
        if (answer !== undefined) equal(answer, "lost");
        deepEqual(await everything(rig.queue, lease.jobId), before);
      });
    }

    queueTest(
      `${name}: ${write} takes neither an epoch to come nor a job that is not`,
      backend,
      async (rig) => {
        await rig.queue.enqueue([job(1)]);
        const lease = await rig.leaseOne("a");
        const before = await everything(rig.queue, lease.jobId);
        for (const wrong of [{ jobId: lease.jobId, epoch: lease.epoch + 1 }, { jobId: 99, epoch: 1 }]) {
          const answer = await attempt(rig.queue, wrong);
          if (answer !== undefined) equal(answer, "lost");
        }
        deepEqual(await everything(rig.queue, lease.jobId), before);
      },
    );
  }
}

async function everything(queue: WorkQueue, jobId: number): Promise<unknown> {
  return [await queue.get(jobId), await queue.record(jobId), await queue.stats(), await queue.check()];
}

function leasedAs(lease: Lease): LeasedJob {
  const rest = { artifactId: "doi:10.1234/example.1", metadata: null, attempts: 0, leaseUntil: 0 };
  return { ...lease, ...rest, cursor: "stale", route: "host:stale.example" };
}
