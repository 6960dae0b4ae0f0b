/**
 * One write transaction: the changes of jobs, and the counters that go with them.
 *
 * @module
 */

import { type ArtifactRecord, emptyRecord } from "../../model/artifact.ts";
import type { Random } from "../../model/ports.ts";
import { backoffDelayMs, type RetryPolicy } from "../backoff.ts";
import type { LaneBook } from "../lane_book.ts";
import type { Settled, Settlement } from "../exchange.ts";
import type { Lease, LeasedJob, NewJob } from "../job.ts";
import { freshRoute } from "../route.ts";
import type { Connection } from "./connection.ts";
import { integer, text, textOrNull } from "./row.ts";
import * as sql from "./statements.ts";
import { Tally } from "./tally.ts";

/** Codes of the states in the database: positions in `JOB_STATES`. */
const QUEUED = 0, IN_PROGRESS = 1, ERROR = 4;
const STATE_OF_OUTCOME = { done: 2, skipped: 3, error: ERROR } as const;

/** A job whose holder died this often is taken to be the cause, and ended. */
const MAX_LAPSES = 100;

/** What a write needs from its owner. */
export interface WriteContext {
  readonly connection: Connection;
  readonly lanes: LaneBook;
  readonly retry: RetryPolicy;
  readonly random: Random;
  readonly now: number;
  /** Jobs that were leased here and carry nothing in `details`, as most do: their end need not look there. */
  readonly bare: Set<number>;
}

interface LaneOfJob {
  readonly lane: number;
  readonly attempts: number;
  readonly detailed: boolean;
}

/** The changes of one transaction. */
export class Write {
  readonly #connection: Connection;
  readonly #lanes: LaneBook;
  readonly #retry: RetryPolicy;
  readonly #random: Random;
  readonly #now: number;
  readonly #bare: Set<number>;
  readonly #tally: Tally;
  #seq: number | null = null;

  constructor(context: WriteContext) {
    this.#connection = context.connection;
    this.#lanes = context.lanes;
    this.#retry = context.retry;
    this.#random = context.random;
    this.#now = context.now;
    this.#bare = context.bare;
    this.#tally = new Tally(context);
  }

  /** The number of this write, taken when the first row that carries it is written; `null` before. */
  get seq(): number | null {
    return this.#seq;
  }

  /** Adds jobs of one set; gives how many were new. */
  enqueue(jobs: readonly NewJob[], setName: string): number {
    const set = integer(this.#get(sql.INSERT_SET, setName, this.#now), "id");
    let added = 0;
    for (const job of jobs) {
      const lane = this.#laneId(job.route ?? freshRoute(job.artifactId), set, job.priority);
      const { changes, lastInsertRowid } = this.#connection.statement(sql.INSERT_JOB).run(
        job.artifactId,
        lane,
      );
      if (changes !== 1) continue;
      const id = Number(lastInsertRowid);
      if (added++ === 0) this.#run(sql.INSERT_BATCH, id, this.#now);
      if (job.metadata) this.#run(sql.SAVE_METADATA, id, JSON.stringify(job.metadata));
      this.#tally.ready(lane, 1);
    }
    this.#tally.state(QUEUED, added);
    return added;
  }

  /** Leases up to `limit` jobs of a route, from the lanes that the book chooses. */
  lease(route: string, limit: number, workerId: string, leaseUntil: number): LeasedJob[] {
    const leased: LeasedJob[] = [];
    for (const [lane, share] of this.#lanes.choose(route, limit, this.#now)) {
      const rows = this.#connection.statement(sql.READY_IN_LANE).all(lane, share);
      for (const row of rows) {
        const jobId = integer(row, "id");
        this.#run(sql.LEASE_JOB, jobId, workerId, leaseUntil);
        if (row.job_id === null) this.#bare.add(jobId);
        else this.#bare.delete(jobId);
        const metadata = textOrNull(row, "metadata");
        leased.push({
          jobId,
          epoch: integer(row, "lease_epoch") + 1,
          artifactId: text(row, "artifact_id"),
          metadata: metadata === null ? null : JSON.parse(metadata),
          attempts: integer(row, "attempts"),
          cursor: textOrNull(row, "cursor"),
          route,
          leaseUntil,
        });
      }
      this.#tally.ready(lane, -rows.length);
      this.#tally.move(QUEUED, IN_PROGRESS, rows.length);
    }
    return leased;
  }

  /** Carries out what a lease holder says of its job. */
  settle(settlement: Settlement): Settled {
    switch (settlement.type) {
      case "ack":
        return this.#finish(settlement.lease, settlement.record) ? "ok" : "lost";
      case "hold":
        return this.#requeue(
            settlement.lease,
            this.#laneOf(settlement.lease),
            settlement,
            settlement.until ?? 0,
          )
          ? "ok"
          : "lost";
      case "release":
        return this.#requeue(settlement.lease, this.#laneOf(settlement.lease), settlement, 0) ? "ok" : "lost";
      case "retry":
        return this.#tryAgain(settlement);
    }
  }

  /** Extends a worker's leases; gives back those still held. */
  heartbeat(workerId: string, leaseUntil: number): Lease[] {
    this.#run(sql.TOUCH_HOLDER, workerId, leaseUntil);
    return this.#connection.statement(sql.HEARTBEAT).all(workerId, leaseUntil).map((row) => ({
      jobId: integer(row, "id"),
      epoch: integer(row, "lease_epoch"),
    }));
  }

  /** Takes back lapsed leases, and lets scheduled jobs that fell due be ready. */
  advance(): void {
    this.#takeBack(this.#connection.statement(sql.LAPSED).all(this.#now));
    for (const row of this.#connection.statement(sql.PROMOTE).all(this.#now)) {
      this.#tally.ready(integer(row, "lane"), 1);
    }
  }

  /** Takes back the leases of a worker whose process is dead, and forgets the worker. */
  bury(workerId: string): number {
    const rows = this.#connection.statement(sql.HELD_BY).all(workerId);
    this.#takeBack(rows);
    this.#run(sql.DELETE_HOLDER, workerId);
    return rows.length;
  }

  /** Queues a failed job again, as if it were new. */
  revive(jobId: number, artifactId: string, laneId: number, reason: string): void {
    const lane = this.#lanes.lane(laneId);
    const target = this.#laneId(freshRoute(artifactId), lane?.setId ?? 1, lane?.priority ?? 0);
    this.#run(sql.REVIVE_JOB, jobId, target);
    this.#run(sql.DELETE_RECORD, jobId);
    this.#run(sql.FORGET_CURSOR, jobId);
    this.#tally.reason(reason, -1);
    this.#tally.ready(target, 1);
    this.#tally.move(ERROR, QUEUED, 1);
  }

  /** Removes a finished job; its artifact may be enqueued anew. */
  remove(jobId: number, state: number, reason: string): void {
    for (const statement of [sql.DELETE_JOB, sql.DELETE_RECORD, sql.DELETE_DETAILS]) {
      this.#run(statement, jobId);
    }
    this.#tally.reason(reason, -1);
    this.#tally.state(state, -1);
  }

  /** Writes a limit group's state. */
  saveGroup(name: string, state: string): void {
    this.#run(sql.SAVE_GROUP, name, state, this.#takeSeq());
  }

  /** Writes what a process has in flight. */
  saveHolder(workerId: string, aliveUntil: number, inFlight: string): void {
    this.#run(sql.SAVE_HOLDER, workerId, aliveUntil, inFlight, this.#takeSeq());
  }

  /** Writes the counters; the last thing before the commit. */
  flush(): void {
    this.#tally.flush(() => this.#takeSeq());
  }

  #finish(lease: Lease, record: ArtifactRecord): boolean {
    const state = STATE_OF_OUTCOME[record.outcome];
    if (this.#changed(sql.FINISH_JOB, lease.jobId, lease.epoch, state) !== 1) return false;
    this.#run(sql.SAVE_RECORD, lease.jobId, record.reason, this.#now, JSON.stringify(record));
    if (!this.#bare.delete(lease.jobId)) this.#run(sql.FORGET_CURSOR, lease.jobId);
    this.#tally.reason(record.reason, 1);
    this.#tally.move(IN_PROGRESS, state, 1);
    return true;
  }

  #tryAgain(settlement: Extract<Settlement, { type: "retry" }>): "retry" | "error" | "lost" {
    const { lease, record, message } = settlement;
    const job = this.#laneOf(lease);
    const attempts = (job?.attempts ?? 0) + 1;
    if (attempts >= this.#retry.maxAttempts) return this.#finish(lease, record) ? "error" : "lost";
    const dueAt = this.#now + backoffDelayMs(this.#retry, attempts, this.#random);
    const change = { ...settlement, lastError: `${record.reason}: ${message}` };
    return this.#requeue(lease, job, change, dueAt, 1) ? "retry" : "lost";
  }

  #requeue(
    lease: Lease,
    job: LaneOfJob | null,
    change: { readonly route: string; readonly cursor: string | null; readonly lastError?: string },
    dueAt: number,
    attempt: 0 | 1 = 0,
  ): boolean {
    if (!job) return false;
    const lane = this.#lanes.lane(job.lane);
    const target = this.#laneId(change.route, lane?.setId ?? 1, lane?.priority ?? 0);
    // A time that has passed is no schedule: the job is ready.
    const due = dueAt > this.#now ? Math.ceil(dueAt) : 0;
    if (this.#changed(sql.REQUEUE_JOB, lease.jobId, lease.epoch, target, due, attempt) !== 1) return false;
    this.#bare.delete(lease.jobId);
    if (job.detailed || change.cursor !== null || change.lastError !== undefined) {
      this.#run(sql.SAVE_DETAILS, lease.jobId, change.cursor, change.lastError ?? null);
    }
    if (due === 0) this.#tally.ready(target, 1);
    this.#tally.move(IN_PROGRESS, QUEUED, 1);
    return true;
  }

  #takeBack(rows: readonly Record<string, unknown>[]): void {
    for (const row of rows) {
      const lease = { jobId: integer(row, "id"), epoch: integer(row, "lease_epoch") };
      if (integer(row, "lapses") + 1 >= MAX_LAPSES) {
        this.#finish(lease, emptyRecord("attempts-exhausted"));
        continue;
      }
      this.#run(sql.RECLAIM, lease.jobId);
      this.#tally.ready(integer(row, "lane"), 1);
      this.#tally.move(IN_PROGRESS, QUEUED, 1);
    }
  }

  #laneOf(lease: Lease): LaneOfJob | null {
    const row = this.#connection.statement(sql.LANE_OF_JOB).get(lease.jobId);
    if (!row) return null;
    return {
      lane: integer(row, "lane"),
      attempts: integer(row, "attempts"),
      detailed: integer(row, "detailed") === 1,
    };
  }

  #laneId(route: string, setId: number, priority: number): number {
    const known = this.#lanes.idOf(route, setId, priority);
    if (known !== undefined) return known;
    const row = this.#get(sql.INSERT_LANE, route, setId, priority, this.#takeSeq());
    const id = integer(row, "id");
    this.#lanes.put({ id, route, setId, priority, ready: integer(row, "ready") }, this.#now);
    return id;
  }

  #takeSeq(): number {
    return this.#seq ??= integer(this.#get(sql.NEXT_SEQ), "value");
  }

  #get(statement: string, ...parameters: (string | number | null)[]): Record<string, unknown> {
    return this.#connection.statement(statement).get(...parameters) ?? {};
  }

  #run(statement: string, ...parameters: (string | number | null)[]): void {
    this.#connection.statement(statement).run(...parameters);
  }

  /** How many rows a statement changed. */
  #changed(statement: string, ...parameters: (string | number | null)[]): number | bigint {
    return this.#connection.statement(statement).run(...parameters).changes;
  }
}
