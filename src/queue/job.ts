/**
 * Jobs, as they are enqueued, leased and told of.
 *
 * @module
 */

import type { ArtifactRecord } from "../model/artifact.ts";
import type { Reason } from "../model/reason.ts";

/** The states of a job, in the order of their codes in the database. */
export const JOB_STATES = ["queued", "in_progress", "done", "skipped", "error"] as const;

/** The state of a job. */
export type JobState = typeof JOB_STATES[number];

/** A job to be put into the queue. */
export interface NewJob {
  /** Kind and normalised value, `doi:10.1371/journal.pone.0213978`: the identity. */
  readonly artifactId: string;
  /** What the operator gave beside the identifier, or `null`. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** 0 is most urgent; 9 least. */
  readonly priority: number;
  /** What its first step needs. @default freshRoute(artifactId) */
  readonly route?: string;
}

/** The right of one worker to work on a job. */
export interface Lease {
  /** The job's number in the database. */
  readonly jobId: number;
  /** How often the job was leased: the fence. */
  readonly epoch: number;
}

/** A job that was just leased. */
export interface LeasedJob extends Lease {
  /** Kind and normalised value, `doi:10.1371/journal.pone.0213978`. */
  readonly artifactId: string;
  /** What the operator gave beside the identifier, or `null`. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** Attempts that failed before. */
  readonly attempts: number;
  /** What the job learned before it was held or retried, as its holder wrote it. */
  readonly cursor: string | null;
  /** The route that it was waiting on. */
  readonly route: string;
  /** When the lease lapses unless it is extended. */
  readonly leaseUntil: number;
}

/** A job as `list` shows it. */
export interface JobSummary {
  /** The job's number, which `afterId` takes. */
  readonly jobId: number;
  /** Kind and normalised value, `doi:10.1371/journal.pone.0213978`. */
  readonly artifactId: string;
  /** Where it stands. */
  readonly state: JobState;
  /** Attempts that came to an end; holds, releases and lapses are none. */
  readonly attempts: number;
  /** What its next step needs, or its last step needed. */
  readonly route: string;
  /** Not to be leased before this instant; `null` where it need not wait for one. */
  readonly dueAt: number | null;
  /** Why it ended; `null` until it has. */
  readonly reason: Reason | null;
}

/** A job with all that is known of it. */
export interface JobDetails extends JobSummary {
  /** The import that it came with. */
  readonly set: string;
  /** 0 is most urgent; 9 least. */
  readonly priority: number;
  /** What the operator gave beside the identifier, or `null`. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** When it was put into the queue. */
  readonly enqueuedAt: number;
  /** How often it was leased. */
  readonly epoch: number;
  /** The worker that holds its lease; `null` where none does. */
  readonly holder: string | null;
  /** When the lease lapses; `null` where there is none. */
  readonly leaseUntil: number | null;
  /** What it learned before it was held or retried, as its holder wrote it; `null` for nothing. */
  readonly cursor: string | null;
  /** Reason and message of its last failure; `null` where it never failed. */
  readonly lastError: string | null;
}

/** A finished job, as `export` prints it. */
export interface FinishedJob {
  /** Kind and normalised value, `doi:10.1371/journal.pone.0213978`. */
  readonly artifactId: string;
  /** Attempts it took, the last included. */
  readonly attempts: number;
  /** When it ended. */
  readonly finishedAt: number;
  /** What it came to. */
  readonly record: ArtifactRecord;
}
