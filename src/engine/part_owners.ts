/**
 * Whose the temporary files of downloads are.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { Clock, Logger } from "../model/ports.ts";
import { sweepParts } from "../pipeline/mod.ts";
import type { Lease, WorkQueue } from "../queue/mod.ts";

/** What was kept of a broken download for another attempt is of use for this long. */
const KEEP_PARTS_MS = 7 * 86_400_000;

/**
 * Names leases for their temporary files. Several queues may share an output directory (`get` always has one of its
 * own), and their leases have the same numbers: so the queue is part of the name, and only its own runs may say that a
 * file is nobody's any more. The run is part of it as well: after a power loss, or when an older copy of the database
 * was put back, an epoch is given a second time, and the file of the first is still there.
 */
export class PartOwners {
  readonly #queueKey: string;
  readonly #runKey: string;

  /**
   * @param database Path of the queue's database; `null` for a queue in memory, which no other run ever opens.
   * @param workerId Names this run.
   */
  constructor(database: string | null, workerId: string) {
    const name = database === null ? workerId : resolve(database);
    this.#queueKey = keyOf(name);
    this.#runKey = keyOf(workerId);
  }

  /** The owner's name for a lease. */
  ownerOf({ jobId, epoch }: Lease): string {
    return `${this.#queueKey}-${jobId}-${epoch}-${this.#runKey}`;
  }

  /** Removes temporary files whose lease is gone, and old ones that nobody came back for. */
  async sweep(
    outDir: string,
    { queue, clock, logger }: {
      readonly queue: WorkQueue;
      readonly clock: Clock;
      readonly logger: Logger;
    },
  ): Promise<void> {
    const isLive = async (owner: string) => {
      const [queueKey, jobId, epoch, runKey] = owner.split("-");
      if (queueKey !== this.#queueKey) return null;
      const job = await queue.get(Number(jobId));
      return job?.epoch === Number(epoch) && keyOf(job.holder ?? "") === runKey;
    };
    const removed = await sweepParts(outDir, isLive, { dropOlderThanMs: clock.now() - KEEP_PARTS_MS });
    if (removed > 0) logger.info("removed temporary files of an earlier run", { files: removed });
  }
}

/** Stands for a name of any characters and length. */
function keyOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 16);
}
