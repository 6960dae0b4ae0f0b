/**
 * A queue under test with its clock.
 *
 * @module
 */

import { deepEqual } from "node:assert/strict";
import type { LeasedJob, RetryPolicy, WorkQueue } from "../../../src/queue/mod.ts";
import { SystemClock, VirtualClock } from "../../../src/runtime/mod.ts";
import { always } from "../../queue/_jobs.ts";
import type { Backend } from "../work_queue.ts";

/** The policy of all tests that name no other. */
export const RETRY: RetryPolicy = { maxAttempts: 3, backoffMs: 1_000, jitterMs: 100 };

/** The route of fresh DOIs. */
export const FRESH = "fresh:doi";

/** How long leases last. */
export const TTL_MS = 60_000;

/** A test's queue and what moves it. */
export interface Rig {
  readonly queue: WorkQueue;
  readonly clock: VirtualClock;
  /** Opens one more connection to the same storage. */
  another(): WorkQueue;
  /** Leases for a worker from {@linkcode FRESH} or another route. */
  lease(workerId: string, count: number, route?: string): Promise<readonly LeasedJob[]>;
  /** Leases exactly one job. */
  leaseOne(workerId: string, route?: string): Promise<LeasedJob>;
}

/** What a test asks for. */
export interface QueueTestOptions {
  /** The only random number. @default 0.5 */
  readonly random?: number;
  /** Whether it is for storages that several connections share. @default false */
  readonly needsSharing?: boolean;
  /** Whether the queues live in real time, as those must that wait for each other. @default false */
  readonly realTime?: boolean;
}

/** Registers a test that gets a fresh queue, and ends with a recount of its counters. */
export function queueTest(
  name: string,
  backend: Backend,
  work: (rig: Rig) => Promise<void>,
  options: QueueTestOptions = {},
): void {
  if (options.needsSharing && !backend.shared) return;
  Deno.test(name, async () => {
    await using place = await backend.make();
    const clock = new VirtualClock();
    const ports = {
      clock: options.realTime ? new SystemClock() : clock,
      random: always(options.random ?? 0.5),
      retry: RETRY,
    };
    using opened = new DisposableStack();
    const queue = opened.use(place.open(ports));
    const lease: Rig["lease"] = (workerId, count, route = FRESH) =>
      queue.lease(workerId, [{ route, count }], TTL_MS);
    await work({
      queue,
      clock,
      lease,
      another: () => opened.use(place.open(ports)),
      async leaseOne(workerId, route) {
        const [job] = await lease(workerId, 1, route);
        if (!job) throw new Error(`no job was ready for ${workerId}`);
        return job;
      },
    });
    deepEqual(await queue.check(), { integrity: [], counters: [] });
  });
}
