/**
 * What the orchestrator hands to whoever does the work, and what it gets back. The orchestrator knows nothing of the
 * pipeline: it moves jobs.
 *
 * @module
 */

import type { PermitSource } from "../model/permit.ts";
import type { LeasedJob, Settlement } from "../queue/mod.ts";

/** A settlement without its lease. */
export type Unleased<T> = T extends Settlement ? Omit<T, "lease"> : never;

/** How work on a job ended. */
export type JobEnd = Unleased<Settlement>;

/** What a job's work may use. */
export interface JobContext {
  /** Grants permits; the one that the job was leased with is given out first. */
  readonly permits: PermitSource;
  /** Aborted when the lease is lost, or when the program stops and its deadline has passed. */
  readonly signal: AbortSignal;
  /**
   * Proves that the lease is still held, for at least the next seconds; to be asked before anything is published.
   * After a suspended process woke up, its lease may be another's.
   */
  confirm(): Promise<boolean>;
}

/** Does the work of one job. It does not throw: what it cannot handle ends as a retry. */
export type ProcessJob = (job: LeasedJob, context: JobContext) => Promise<JobEnd>;
