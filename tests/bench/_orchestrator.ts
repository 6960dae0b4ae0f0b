/**
 * The real orchestrator over a real file, with jobs that cost nothing.
 *
 * @module
 */

import { ADAPTIVE_DEFAULTS, GroupBook } from "../../src/limits/mod.ts";
import { silentLogger, silentMeter } from "../../src/model/ports.ts";
import { Orchestrator, type OrchestratorOptions } from "../../src/orchestrator/mod.ts";
import type { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";
import { doneRecord } from "../_support/records.ts";

/** Makes an orchestrator whose one limit group stands in nobody's way. */
export function idleOrchestrator(
  queue: SqliteWorkQueue,
  options: Pick<OrchestratorOptions, "maxWorkers" | "drain" | "onBeat">,
): Orchestrator {
  const clock = new SystemClock();
  const limits = {
    concurrency: options.maxWorkers,
    windows: [],
    adaptive: { start: "full", options: ADAPTIVE_DEFAULTS },
  } as const;
  const book = new GroupBook({ clock, limitsOf: () => limits, onNews: () => orchestrator.nudge() });
  const orchestrator: Orchestrator = new Orchestrator({
    ...options,
    queue,
    book,
    needsOf: () => [[["api"]]],
    process: () => Promise.resolve({ type: "ack", record: doneRecord }),
    clock,
    logger: silentLogger,
    meter: silentMeter,
    workerId: "bench",
    leaseTtlMs: 600_000,
    heartbeatMs: 30_000,
  });
  return orchestrator;
}
