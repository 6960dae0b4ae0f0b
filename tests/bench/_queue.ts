/**
 * A queue under load.
 *
 * @module
 */

import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SystemClock, SystemRandom } from "../../src/runtime/mod.ts";
import { job, record } from "../queue/_jobs.ts";

/** The route of the jobs that `enqueueMany` makes. */
export const ROUTE = "fresh:doi";

/** What `drain` acknowledges each job with: a record as a download leaves it. */
export const RECORD = record("ok", {
  path: "doi/10.1234/example.pdf",
  sha256: "0".repeat(64),
  bytes: 200_000,
});

/** Opens a queue with the program's defaults. */
export function openQueue(path: string): SqliteWorkQueue {
  const retry = { maxAttempts: 3, backoffMs: 60_000, jitterMs: 15_000 };
  return new SqliteWorkQueue({ path, clock: new SystemClock(), random: new SystemRandom(), retry });
}

/** Enqueues jobs from number `first` on, 5,000 at a time. */
export async function enqueueMany(
  queue: SqliteWorkQueue,
  count: number,
  first = 0,
  afterEach: () => void = () => {},
): Promise<void> {
  for (let at = 0; at < count; at += 5_000) {
    await queue.enqueue(Array.from({ length: Math.min(5_000, count - at) }, (_, n) => job(first + at + n)));
    afterEach();
  }
}

/** Claims and acknowledges `count` jobs, `batch` with each transaction. */
export async function drain(
  queue: SqliteWorkQueue,
  count: number,
  batch: number,
  afterEach: () => void = () => {},
): Promise<void> {
  let held: readonly { jobId: number; epoch: number }[] = [];
  for (let left = count; left > 0 || held.length > 0;) {
    const demand = [{ route: ROUTE, count: Math.min(batch, left) }];
    const exchanged = await queue.exchange({
      workerId: "bench",
      leaseTtlMs: 600_000,
      heartbeat: false,
      settlements: held.map((lease) => ({ type: "ack", lease, record: RECORD })),
      plan: () => ({ demand, groups: [], inFlight: null }),
    });
    held = exchanged.leased;
    left -= held.length;
    afterEach();
  }
}
