/**
 * One worker's work on one job, from lease to settlement.
 *
 * @module
 */

import { emptyRecord } from "../model/artifact.ts";
import { messageOf } from "../model/errors.ts";
import type { Permit, PermitSource } from "../model/permit.ts";
import type { Clock, Logger } from "../model/ports.ts";
import { freshRoute, type LeasedJob, type Settled } from "../queue/mod.ts";
import type { JobEnd, ProcessJob } from "./job.ts";
import { JobPermits } from "./job_permits.ts";

/** What a worker needs beside the job. */
export interface RunOneOptions {
  /** Does the work. */
  readonly process: ProcessJob;
  /** Grants all permits but the first. */
  readonly permits: PermitSource;
  /** Times how long the first permit may stay unused. */
  readonly clock: Clock;
  /** Aborted when the work is to be given up. */
  readonly signal: AbortSignal;
  /** As in `JobContext`. */
  readonly confirm: () => Promise<boolean>;
  /** Tells the queue how the job ended. */
  readonly settle: (end: JobEnd) => Promise<Settled>;
  /** Told of lost leases and unexpected failures. */
  readonly logger: Logger;
}

/** How a job ended for the queue. */
export interface JobResult {
  /** What the work came to. */
  readonly end: JobEnd;
  /** What the queue made of it; `lost` if the job was not ours any more. */
  readonly settled: Settled;
}

/** Processes a leased job and settles it. Rejects only if the database cannot be used. */
export async function runOne(
  job: LeasedJob,
  permit: Permit | null,
  options: RunOneOptions,
): Promise<JobResult> {
  const end = await work(job, permit, options);
  const settled = await options.settle(end);
  if (settled === "lost") {
    options.logger.warn("lease lost; the work is dropped", { artifact: job.artifactId });
  }
  return { end, settled };
}

async function work(job: LeasedJob, permit: Permit | null, options: RunOneOptions): Promise<JobEnd> {
  using permits = new JobPermits(options.permits, permit, options.clock, job.attempts > 0);
  try {
    return await options.process(job, { permits, signal: options.signal, confirm: options.confirm });
  } catch (error) {
    if (options.signal.aborted) return { type: "release", route: job.route, cursor: job.cursor };
    // A defect of ours or of a library: the job is tried again, and the log says what happened.
    options.logger.error("unexpected failure", { artifact: job.artifactId, error: messageOf(error) });
    return {
      type: "retry",
      route: freshRoute(job.artifactId),
      cursor: job.cursor,
      message: messageOf(error),
      record: emptyRecord("resolver-failed"),
    };
  }
}
