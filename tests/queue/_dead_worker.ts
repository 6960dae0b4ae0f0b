/**
 * A process of its own that leases jobs of a queue, says so, and waits to be killed.
 *
 * @module
 */

import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SystemClock, SystemRandom } from "../../src/runtime/mod.ts";

if (import.meta.main) {
  const [path = "", workerId = ""] = Deno.args;
  const retry = { maxAttempts: 3, backoffMs: 1000, jitterMs: 0 };
  const queue = new SqliteWorkQueue({ path, clock: new SystemClock(), random: new SystemRandom(), retry });
  const leased = await queue.lease(workerId, [{ route: "fresh:doi", count: 2 }], 3_600_000);
  console.log(`leased ${leased.length}`);
  for await (const _ of Deno.stdin.readable);
  await queue.release(leased);
}
