/**
 * What is read of the queue. No read stays open: a reader that did would keep the write-ahead log from being reset.
 *
 * @module
 */

import type { ArtifactRecord } from "../../model/artifact.ts";
import { isReason, type Reason } from "../../model/reason.ts";
import {
  type FinishedJob,
  JOB_STATES,
  type JobDetails,
  type JobState,
  type JobSummary,
  type ListQuery,
  type QueueStats,
} from "../port.ts";
import type { Connection } from "./connection.ts";
import { integer, integerOrNull, type Row, text, textOrNull } from "./row.ts";
import * as sql from "./statements.ts";

/** Rows in one page of an export. */
const PAGE = 500;

const SUMMARY = `SELECT jobs.id, artifact_id, state, attempts, due_at, route, records.reason
  FROM jobs JOIN lanes ON lanes.id = jobs.lane LEFT JOIN records ON records.job_id = jobs.id`;

/** Jobs in the order of their ids; the rowid serves it. */
const LIST = `${SUMMARY} WHERE jobs.id > ?1 ORDER BY jobs.id LIMIT ?2`;

/** Queued and done jobs are most of a queue at one time or another: the rowid is read through. */
const LIST_COMMON = `${SUMMARY} WHERE jobs.id > ?1 AND state = ?3 ORDER BY jobs.id LIMIT ?2`;

/** Jobs in progress, by jobs_leased: a few hundred at most, so their sort is nothing. */
const LIST_LEASED = `${SUMMARY} WHERE state = 1 AND jobs.id > ?1 ORDER BY +jobs.id LIMIT ?2`;

/** Skipped and failed jobs, by jobs_unlucky. */
const LIST_SKIPPED = `${SUMMARY} WHERE state = 3 AND jobs.id > ?1 ORDER BY jobs.id LIMIT ?2`;
const LIST_FAILED = `${SUMMARY} WHERE state = 4 AND jobs.id > ?1 ORDER BY jobs.id LIMIT ?2`;

/** Finished jobs of one reason, by records_by_reason. */
const LIST_BY_REASON = `${SUMMARY.replace("LEFT JOIN", "JOIN")}
  WHERE records.reason = ?3 AND records.job_id > ?1 AND state BETWEEN ?4 AND ?5 ORDER BY records.job_id LIMIT ?2`;

const FINISHED = `SELECT job_id, artifact_id, state, attempts, finished_at, record
  FROM records JOIN jobs ON jobs.id = records.job_id`;
const FINISHED_PAGE = `${FINISHED} WHERE job_id > ?1 ORDER BY job_id LIMIT ?2`;
const FINISHED_ONE = `${FINISHED} WHERE job_id = ?1`;

const ENQUEUED_AT =
  `SELECT enqueued_at FROM batches WHERE first_job_id <= ?1 ORDER BY first_job_id DESC LIMIT 1`;

const JOB =
  `SELECT jobs.id, artifact_id, state, attempts, due_at, lease_epoch, holder, lease_until, route, priority,
    sets.name AS set_name, records.reason, metadata, cursor, last_error
  FROM jobs JOIN lanes ON lanes.id = jobs.lane JOIN sets ON sets.id = lanes.set_id
    LEFT JOIN records ON records.job_id = jobs.id LEFT JOIN details ON details.job_id = jobs.id`;

/** Reads the queue. */
export class Reader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Jobs by state. */
  counts(): Record<JobState, number> {
    const counts = { queued: 0, in_progress: 0, done: 0, skipped: 0, error: 0 };
    for (const row of this.#all("SELECT state, n FROM counts")) counts[stateOf(row)] = integer(row, "n");
    return counts;
  }

  /** All counters. */
  stats(): QueueStats {
    const states = this.counts();
    const reasons: Record<string, number> = {};
    for (const row of this.#all("SELECT reason, n FROM reason_counts WHERE n > 0 ORDER BY n DESC, reason")) {
      reasons[text(row, "reason")] = integer(row, "n");
    }
    const total = Object.values(states).reduce((sum, n) => sum + n, 0);
    return { states, total, paused: integer(this.#all(sql.META, "paused")[0] ?? {}, "value") !== 0, reasons };
  }

  /** When something happens by itself next: a scheduled job falls due or a lease lapses. */
  nextDueAt(): number | null {
    const instants = [...this.#all(sql.NEXT_SCHEDULED), ...this.#all(sql.NEXT_LAPSE)].map((row) =>
      integer(row, "at")
    );
    return instants.length > 0 ? Math.min(...instants) : null;
  }

  /** Jobs in the order of their ids. */
  list(query: ListQuery): JobSummary[] {
    const after = query.afterId ?? 0;
    if (query.reason !== undefined) {
      const state = query.state === undefined ? null : JOB_STATES.indexOf(query.state);
      const states = [state ?? 0, state ?? JOB_STATES.length] as const;
      return this.#all(LIST_BY_REASON, after, query.limit, query.reason, ...states).map(summaryOf);
    }
    switch (query.state) {
      case undefined:
        return this.#all(LIST, after, query.limit).map(summaryOf);
      case "in_progress":
        return this.#all(LIST_LEASED, after, query.limit).map(summaryOf);
      case "skipped":
        return this.#all(LIST_SKIPPED, after, query.limit).map(summaryOf);
      case "error":
        return this.#all(LIST_FAILED, after, query.limit).map(summaryOf);
      default:
        return this.#all(LIST_COMMON, after, query.limit, JOB_STATES.indexOf(query.state)).map(summaryOf);
    }
  }

  /** One job, by its number or artifact id. */
  get(key: number | string): JobDetails | null {
    const where = typeof key === "number" ? "WHERE jobs.id = ?1" : "WHERE artifact_id = ?1";
    const row = this.#all(`${JOB} ${where}`, key)[0];
    if (!row) return null;
    const metadata = textOrNull(row, "metadata");
    return {
      ...summaryOf(row),
      set: text(row, "set_name"),
      priority: integer(row, "priority"),
      metadata: metadata === null ? null : JSON.parse(metadata),
      enqueuedAt: integer(this.#all(ENQUEUED_AT, integer(row, "id"))[0] ?? {}, "enqueued_at"),
      epoch: integer(row, "lease_epoch"),
      holder: textOrNull(row, "holder"),
      leaseUntil: integerOrNull(row, "lease_until"),
      cursor: textOrNull(row, "cursor"),
      lastError: textOrNull(row, "last_error"),
    };
  }

  /** A page of finished jobs; `lastId` is `null` after the last page. */
  finishedPage(afterId: number, state?: JobState): { jobs: FinishedJob[]; lastId: number | null } {
    const rows = this.#all(FINISHED_PAGE, afterId, PAGE);
    const wanted = state === undefined ? rows : rows.filter((row) => stateOf(row) === state);
    const last = rows.at(-1);
    return { jobs: wanted.map(finishedOf), lastId: last ? integer(last, "job_id") : null };
  }

  /** One finished job. */
  record(jobId: number): FinishedJob | null {
    const row = this.#all(FINISHED_ONE, jobId)[0];
    return row ? finishedOf(row) : null;
  }

  #all(statement: string, ...parameters: (string | number)[]): Row[] {
    return this.#connection.statement(statement).all(...parameters);
  }
}

function stateOf(row: Row): JobState {
  return JOB_STATES[integer(row, "state")] ?? "error";
}

function summaryOf(row: Row): JobSummary {
  return {
    jobId: integer(row, "id"),
    artifactId: text(row, "artifact_id"),
    state: stateOf(row),
    attempts: integer(row, "attempts"),
    route: text(row, "route"),
    dueAt: integer(row, "due_at") || null,
    reason: reasonOf(row),
  };
}

function reasonOf(row: Row): Reason | null {
  const reason = textOrNull(row, "reason");
  return reason !== null && isReason(reason) ? reason : null;
}

function finishedOf(row: Row): FinishedJob {
  // The record was written by this program from the same type; it is trusted as the schema is.
  const record: ArtifactRecord = JSON.parse(text(row, "record"));
  return {
    artifactId: text(row, "artifact_id"),
    attempts: integer(row, "attempts"),
    finishedAt: integer(row, "finished_at"),
    record,
  };
}
