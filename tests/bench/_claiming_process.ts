/**
 * A process that claims and acks on a queue for a time, and says how long each claim took.
 *
 * @module
 */

import { SystemClock } from "../../src/runtime/mod.ts";
import { record } from "../queue/_jobs.ts";
import { openQueue } from "./_queue.ts";

/** What a process has to say at its end. */
export interface Claimed {
  readonly jobs: number;
  readonly elapsedMs: number;
  readonly claimsMs: readonly number[];
}

if (import.meta.main) {
  const [path = "", workerId = "", durationMs = "0"] = Deno.args;
  const clock = new SystemClock();
  using queue = openQueue(path);
  const plan = () => ({ demand: [{ route: "fresh:doi", count: 8 }], groups: [], inFlight: null });
  const exchange = { workerId, leaseTtlMs: 600_000, heartbeat: false, plan };
  // Warm, and in the table of those that live, before the others are awaited.
  let { leased } = await queue.exchange({ ...exchange, settlements: [] });
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));

  const claimsMs: number[] = [];
  let jobs = 0;
  const start = clock.now();
  while (clock.now() - start < Number(durationMs)) {
    const settlements = leased.map((lease) => ({ type: "ack" as const, lease, record: record() }));
    const asked = clock.now();
    leased = (await queue.exchange({ ...exchange, settlements })).leased;
    claimsMs.push(clock.now() - asked);
    jobs += leased.length;
  }
  const claimed: Claimed = { jobs, elapsedMs: clock.now() - start, claimsMs };
  console.log(JSON.stringify(claimed));
}
