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

/** What an enqueue did. */
export interface Enqueued {
  /** Jobs that are new. */
  readonly added: number;
  /** Jobs that were there already, in whatever state, or twice in the call. */
  readonly duplicates: number;
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

/** How many jobs that wait on a route can start now. */
export interface Demand {
  /** The route's name. */
  readonly route: string;
  /** The most jobs to lease. */
  readonly count: number;
}

/** What a lease holder has to say of its job. */
export type Settlement =
  | { readonly type: "ack"; readonly lease: Lease; readonly record: ArtifactRecord }
  | {
    readonly type: "retry";
    readonly lease: Lease;
    /** What is recorded when no attempt is left; its reason and message explain the failure meanwhile. */
    readonly record: ArtifactRecord;
    readonly message: string;
    readonly cursor: string | null;
    /** Where the next attempt begins. */
    readonly route: string;
  }
  | {
    readonly type: "hold";
    readonly lease: Lease;
    readonly route: string;
    /** Not to be leased before this instant; `null` where the route's own limits govern. */
    readonly until: number | null;
    readonly cursor: string | null;
  }
  | {
    readonly type: "release";
    readonly lease: Lease;
    readonly route: string;
    readonly cursor: string | null;
  };

/** What a settlement came to: `ok` for ack, hold and release, `retry` or `error` for a retry, `lost` for any. */
export type Settled = "ok" | "retry" | "error" | "lost";

/** State of one limit group as its owner wrote it; opaque to the queue. */
export interface GroupRow {
  /** The group's name. */
  readonly name: string;
  /** JSON of the limits room. */
  readonly state: string;
}

/** Another process that works on the same database. */
export interface HolderRow {
  /** The name of the process. */
  readonly workerId: string;
  /** What it has in flight, as its owner wrote it; opaque to the queue. */
  readonly inFlight: string;
}

/** What a planner sees in the middle of an exchange, with the database locked for writing. */
export interface ExchangeView {
  /** The instant of the exchange, in whole milliseconds. */
  readonly now: number;
  /** Whether leasing is stopped in every process. */
  readonly paused: boolean;
  /** Groups that other processes changed since the last exchange. */
  readonly foreignGroups: readonly GroupRow[];
  /** The other live processes, if any of them changed since the last exchange; otherwise `null`. */
  readonly foreignHolders: readonly HolderRow[] | null;
  /** Names of the routes on which jobs became ready since they were last given out; at first all that have any. */
  takeStirred(): ReadonlySet<string>;
  /** How many jobs are ready on a route. */
  ready(route: string): number;
}

/** What a planner decides. */
export interface Plan {
  /** What to lease. */
  readonly demand: readonly Demand[];
  /** Groups to be written. */
  readonly groups: readonly GroupRow[];
  /** What this process has in flight; `null` where nothing changed. */
  readonly inFlight: string | null;
}

/** One group commit: everything that gathered since the last one, then the next claims, in one transaction. */
export interface Exchange {
  /** Names the process; never used by another one, nor again. */
  readonly workerId: string;
  /** How long new and extended leases last. */
  readonly leaseTtlMs: number;
  /** What the jobs of this process came to, oldest first. */
  readonly settlements: readonly Settlement[];
  /** Whether the worker's leases are to be extended. */
  readonly heartbeat: boolean;
  /** Called synchronously once the database is locked and the settlements are applied. */
  readonly plan: (view: ExchangeView) => Plan;
}

/** What an exchange did. */
export interface Exchanged {
  /** One result a settlement, in their order. */
  readonly settled: readonly Settled[];
  /** The jobs that were claimed. */
  readonly leased: readonly LeasedJob[];
  /** After a heartbeat: the leases still held. Otherwise `null`. */
  readonly held: readonly Lease[] | null;
  /** Whether anything but finished jobs is left. */
  readonly unfinished: number;
  /** Whether leasing is stopped in every process. */
  readonly paused: boolean;
  /** When the next scheduled job falls due, or the next lease of anyone lapses; `null` for never. */
  readonly nextDueAt: number | null;
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

const FRESH = "fresh:";

/** The route of a job that nothing has been asked about yet, by the kind of its id: `fresh:doi`. */
export function freshRoute(artifactId: string): string {
  return `${FRESH}${artifactId.slice(0, artifactId.indexOf(":"))}`;
}

/** The kind of id on a route of {@linkcode freshRoute}; `null` if the route is another. */
export function freshKind(route: string): string | null {
  return route.startsWith(FRESH) ? route.slice(FRESH.length) : null;
}
