/**
 * The work queue as the rest of the program sees it.
 *
 * A job is `queued`, `in_progress`, `done`, `skipped` or `error`. What moves it:
 *
 * ```text
 * enqueue ─▶ queued ──lease──▶ in_progress ──ack──▶ done | skipped | error
 *              ▲                 │  │  │  │
 *              ├──── retry ──────┘  │  │  │   counts an attempt; error when none is left
 *              ├──── hold ──────────┘  │  │   counts none; keeps the cursor
 *              ├──── release ──────────┘  │   counts none; shutdown
 *              ├──── lapse ───────────────┘   lease_until has passed
 *              └──── retryFailed ◀── error
 * ```
 *
 * Every write of a lease holder carries the job's id and its lease epoch, which only grows; when it changes no
 * row the answer is `lost` and the holder drops its work. All times are milliseconds since the epoch.
 *
 * @module
 */

import type { ArtifactRecord } from "../model/artifact.ts";
import type { Reason } from "../model/reason.ts";
import type { Demand, Exchange, Exchanged, GroupRow, HolderRow, Settlement } from "./exchange.ts";
import type { FinishedJob, JobDetails, JobState, JobSummary, Lease, LeasedJob, NewJob } from "./job.ts";

/** What an enqueue did. */
export interface Enqueued {
  /** Jobs that are new. */
  readonly added: number;
  /** Jobs that were there already, in whatever state, or twice in the call. */
  readonly duplicates: number;
}

/** Counters by state and reason. */
export interface QueueStats {
  /** Jobs by state; every state is there. */
  readonly states: Readonly<Record<JobState, number>>;
  /** All jobs. */
  readonly total: number;
  /** Whether leasing is stopped in every process. */
  readonly paused: boolean;
  /** Finished jobs by reason code. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** What may be asked of `list`. */
export interface ListQuery {
  /** Only jobs of this state. */
  readonly state?: JobState;
  /** Only jobs that ended for this reason. */
  readonly reason?: Reason;
  /** The most jobs to give. */
  readonly limit: number;
  /** Only jobs with a greater id, for paging. */
  readonly afterId?: number;
}

/** A fault that `check` found. */
export interface CheckReport {
  /** What the database engine found wrong with the file; empty where it is sound. */
  readonly integrity: readonly string[];
  /** Counters that differ from a recount, one sentence each; empty where all agree. */
  readonly counters: readonly string[];
}

/** A persistent queue of jobs. Every method may be called by several processes on one database at once. */
export interface WorkQueue extends Disposable {
  /** Adds jobs, each once by its artifact id. When it returns they survive power loss. */
  enqueue(jobs: readonly NewJob[], set?: string): Promise<Enqueued>;
  /** Leases up to `count` jobs of each route for `ttlMs`. */
  lease(workerId: string, demand: readonly Demand[], ttlMs: number): Promise<readonly LeasedJob[]>;
  /** Extends all leases of a worker by `ttlMs` from now; gives back those still held. */
  heartbeat(workerId: string, ttlMs: number): Promise<readonly Lease[]>;
  /** Ends a job. */
  ack(lease: Lease, record: ArtifactRecord): Promise<"ok" | "lost">;
  /** Counts an attempt and queues the job again after a backoff, or ends it when no attempt is left. */
  failAndRetry(
    lease: Lease,
    failure: Omit<Extract<Settlement, { type: "retry" }>, "type" | "lease">,
  ): Promise<
    "retry" | "error" | "lost"
  >;
  /** Gives a job back until a limit group opens; no attempt is counted. */
  hold(lease: Lease, until: number | null, route: string, cursor: string | null): Promise<"ok" | "lost">;
  /** Gives jobs back at shutdown; no attempt is counted. */
  release(leases: readonly LeasedJob[]): Promise<void>;
  /** Does all of the above in one transaction. */
  exchange(exchange: Exchange): Promise<Exchanged>;
  /** Says that a worker's process has ended: its row goes; its leases must be settled before. */
  leave(workerId: string): Promise<void>;
  /** Whether anybody, this process included, may have written since the last call; costs no statement. */
  touched(): boolean;
  /** Counters, without a scan. */
  stats(): Promise<QueueStats>;
  /** Queues failed jobs again, all or those of one reason, with their attempts at zero. Gives their number. */
  retryFailed(options?: { readonly reason?: Reason; readonly maxAttempts?: number }): Promise<number>;
  /** Stops leasing in every process; kept in the database. */
  pause(): Promise<void>;
  /** Undoes `pause`. */
  resume(): Promise<void>;
  /** Jobs in the order of their ids. */
  list(query: ListQuery): Promise<readonly JobSummary[]>;
  /** One job, by its artifact id or number. */
  get(idOrArtifactId: number | string): Promise<JobDetails | null>;
  /** Finished jobs in the order of their ids, read in pages so that no reader holds up a checkpoint. */
  finished(state?: JobState): AsyncIterable<FinishedJob>;
  /** The record of a finished job. */
  record(jobId: number): Promise<FinishedJob | null>;
  /** Rows of all limit groups. */
  groups(): Promise<readonly GroupRow[]>;
  /** Changes the row of one limit group; processes that work on the queue take it over within a second. */
  changeGroup(name: string, change: (row: string | null) => string): Promise<void>;
  /** What each process that works on the queue has in flight. */
  holders(): Promise<readonly HolderRow[]>;
  /** Checks the file's integrity and recounts the counters. */
  check(): Promise<CheckReport>;
  /**
   * Forgets what is not needed any more and gives free pages back to the file system; returns how many bytes. Processes
   * that work on the queue go on.
   */
  prune(
    options?: PruneOptions,
  ): Promise<{ readonly jobs: number; readonly bytes: number }>;
}

/** What {@linkcode WorkQueue.prune} forgets. */
export interface PruneOptions {
  /** Jobs that ended before this instant, in milliseconds since the epoch. @default none */
  readonly finishedBefore?: number;
  /** Whether a limit group is not worth keeping. @default none is forgotten */
  readonly isIdle?: (group: GroupRow) => boolean;
}
