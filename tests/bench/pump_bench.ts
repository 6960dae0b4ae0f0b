/**
 * Group commit: how many transactions a job costs when 64 workers settle and claim through the real orchestrator.
 *
 * @module
 */

import { idleOrchestrator } from "./_orchestrator.ts";
import { enqueueMany, openQueue } from "./_queue.ts";

const JOBS = 20_000;
const WORKERS = 64;

/** Drains jobs that cost nothing. */
export async function pumpBench(print: (line: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "bench-pump-" });
  try {
    using queue = openQueue(`${directory}/queue.sqlite`);
    await enqueueMany(queue, JOBS);
    let beats = 0;
    const begun = performance.now();
    await idleOrchestrator(queue, { maxWorkers: WORKERS, drain: true, onBeat: () => beats++ }).run();
    const perSecond = JOBS * 1000 / (performance.now() - begun);
    print(
      `  ${WORKERS} workers: ${(beats / JOBS).toFixed(3)} commits a job, ${
        perSecond.toFixed(0)
      } jobs a second`,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
