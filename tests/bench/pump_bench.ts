/**
 * Group commit: how many transactions a job costs when 64 workers settle and claim through the real orchestrator.
 *
 * @module
 */

import { ADAPTIVE_DEFAULTS, GroupBook } from "../../src/limits/mod.ts";
import { silentLogger, silentMeter } from "../../src/model/ports.ts";
import { Orchestrator } from "../../src/orchestrator/mod.ts";
import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SystemClock, SystemRandom } from "../../src/runtime/mod.ts";
import { doneRecord } from "../_support/records.ts";

const JOBS = 20_000;
const WORKERS = 64;

/** Drains jobs that cost nothing. */
export async function pumpBench(print: (line: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "bench-pump-" });
  try {
    const clock = new SystemClock();
    const retry = { maxAttempts: 3, backoffMs: 1_000, jitterMs: 0 };
    const path = `${directory}/queue.sqlite`;
    using queue = new SqliteWorkQueue({ path, clock, random: new SystemRandom(), retry });
    const artifact = (n: number) => ({ artifactId: `doi:10.1234/example.${n}`, metadata: null, priority: 0 });
    await queue.enqueue(Array.from({ length: JOBS }, (_, n) => artifact(n)));
    let beats = 0;
    const limits = {
      concurrency: WORKERS,
      windows: [],
      adaptive: { start: "full", options: ADAPTIVE_DEFAULTS },
    } as const;
    const book = new GroupBook({ clock, limitsOf: () => limits, onNews: () => orchestrator.nudge() });
    const orchestrator: Orchestrator = new Orchestrator({
      queue,
      book,
      needsOf: () => [["api"]],
      process: () => Promise.resolve({ type: "ack", record: doneRecord }),
      clock,
      logger: silentLogger,
      meter: silentMeter,
      workerId: "bench",
      maxWorkers: WORKERS,
      leaseTtlMs: 600_000,
      heartbeatMs: 30_000,
      drain: true,
      onBeat: () => beats++,
    });
    const begun = clock.now();
    await orchestrator.run();
    const perSecond = JOBS * 1000 / (clock.now() - begun);
    print(
      `  ${WORKERS} workers: ${(beats / JOBS).toFixed(3)} commits a job, ${
        perSecond.toFixed(0)
      } jobs a second`,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
