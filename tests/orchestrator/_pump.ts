/**
 * A pump on a rig's queue, for tests.
 *
 * @module
 */

import type { Permit } from "../../src/model/permit.ts";
import { silentLogger } from "../../src/model/ports.ts";
import { Dispatcher, Pump, type PumpOptions } from "../../src/orchestrator/mod.ts";
import type { Exchange, Exchanged, LeasedJob } from "../../src/queue/mod.ts";
import { HEARTBEAT_MS, needsGroupOfRoute, type Rig, TTL_MS } from "./_rig.ts";

/** A running pump on a rig's queue, with all that it exchanged, leased and failed by. */
export function makePump(rig: Rig, options: Partial<PumpOptions> = {}) {
  const exchanges: Exchange[] = [];
  const beats: Exchanged[] = [];
  const leased: { job: LeasedJob; permit: Permit | null }[] = [];
  const failures: unknown[] = [];
  const exchange = rig.queue.exchange.bind(rig.queue);
  rig.queue.exchange = (one) => {
    exchanges.push(one);
    return exchange(one);
  };
  const pump = new Pump({
    queue: rig.queue,
    book: rig.book,
    dispatcher: new Dispatcher(rig.book, needsGroupOfRoute),
    clock: rig.clock,
    logger: silentLogger,
    workerId: "worker",
    leaseTtlMs: TTL_MS,
    heartbeatMs: HEARTBEAT_MS,
    freeWorkers: () => 8 - leased.length,
    onLeased: (job, permit) => void leased.push({ job, permit }),
    onBeat: (exchanged) => void beats.push(exchanged),
    onFailure: (error) => void failures.push(error),
    ...options,
  });
  rig.onNews = () => pump.nudge();
  pump.start();
  return { pump, exchanges, beats, leased, failures };
}
