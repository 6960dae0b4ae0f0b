/**
 * What is read of the queue. No read stays open: a reader that did would keep the write-ahead log from being reset.
 *
 * @module
 */

import type { ArtifactRecord } from "../../model/artifact.ts";
import { isReason, type Reason } from "../../model/reason.ts";
import { type FinishedJob, JOB_STATES, type JobDetails, type JobState, type JobSummary } from "../job.ts";
import type { ListQuery, QueueStats } from "../port.ts";
import type { Connection } from "./connection.ts";
import { integer, integerOrNull, type Row, text, textOrNull } from "./row.ts";
import * as reads from "./read_statements.ts";
import * as sql from "./statements.ts";

/** Rows in one page of an export. */
const PAGE = 500;

/** Reads the queue. */
export class Reader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Jobs by state. */
  counts(): Record<JobState, number> {
    const counts = { queued: 0, in_progress: 0, done: 0, skipped: 0, error: 0 };
    for (const row of this.#all(reads.COUNTS)) counts[stateOf(row)] = integer(row, "n");
    return counts;
  }

  /** Whether leasing is stopped. */
  paused(): boolean {
    return integer(this.#all(sql.META, "paused")[0] ?? {}, "value") !== 0;
  }

  /** All counters. */
  stats(): QueueStats {
    const states = this.counts();
    const reasons: Record<string, number> = {};
    for (const row of this.#all(reads.REASON_COUNTS)) {
      reasons[text(row, "reason")] = integer(row, "n");
    }
    const total = Object.values(states).reduce((sum, n) => sum + n, 0);
    return { states, total, paused: this.paused(), reasons };
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
      return this.#all(reads.LIST_BY_REASON, after, query.limit, query.reason, ...states).map(summaryOf);
    }
    switch (query.state) {
      case undefined:
        return this.#all(reads.LIST, after, query.limit).map(summaryOf);
      case "in_progress":
        return this.#all(reads.LIST_LEASED, after, query.limit).map(summaryOf);
      case "skipped":
        return this.#all(reads.LIST_SKIPPED, after, query.limit).map(summaryOf);
      case "error":
        return this.#all(reads.LIST_FAILED, after, query.limit).map(summaryOf);
      default:
        return this.#all(reads.LIST_COMMON, after, query.limit, JOB_STATES.indexOf(query.state)).map(
          summaryOf,
        );
    }
  }

  /** One job, by its number or artifact id. */
  get(key: number | string): JobDetails | null {
    const row = this.#all(typeof key === "number" ? reads.JOB_BY_ID : reads.JOB_BY_ARTIFACT, key)[0];
    if (!row) return null;
    const metadata = textOrNull(row, "metadata");
    return {
      ...summaryOf(row),
      set: text(row, "set_name"),
      priority: integer(row, "priority"),
      metadata: metadata === null ? null : JSON.parse(metadata),
      enqueuedAt: integer(this.#all(reads.ENQUEUED_AT, integer(row, "id"))[0] ?? {}, "enqueued_at"),
      epoch: integer(row, "lease_epoch"),
      holder: textOrNull(row, "holder"),
      leaseUntil: integerOrNull(row, "lease_until"),
      cursor: textOrNull(row, "cursor"),
      lastError: textOrNull(row, "last_error"),
    };
  }

  /** A page of finished jobs; `lastId` is `null` after the last page. */
  finishedPage(afterId: number, state?: JobState): { jobs: FinishedJob[]; lastId: number | null } {
    const rows = this.#all(reads.FINISHED_PAGE, afterId, PAGE);
    const wanted = state === undefined ? rows : rows.filter((row) => stateOf(row) === state);
    const last = rows.at(-1);
    return { jobs: wanted.map(finishedOf), lastId: last ? integer(last, "job_id") : null };
  }

  /** One finished job. */
  record(jobId: number): FinishedJob | null {
    const row = this.#all(reads.FINISHED_ONE, jobId)[0];
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
