/**
 * All that is known of one job, on one screen.
 *
 * @module
 */

import { REASONS } from "../../model/reason.ts";
import type { FinishedJob, JobDetails } from "../../queue/mod.ts";
import { closedBecause, type GroupFacts, groupJson } from "./group_state.ts";
import { isoTime, isoTimeOrNull } from "./json.ts";
import { printable } from "./printable.ts";
import { exportedRecord } from "./record.ts";
import { formatDuration, plural } from "./units.ts";

/** What is shown. */
export interface JobFacts {
  readonly job: JobDetails;
  /** The limit group that it waits for, where there is one. */
  readonly group: GroupFacts | null;
  readonly record: FinishedJob | null;
  readonly paused: boolean;
  /** The present instant. */
  readonly now: number;
}

/** A job in the names of the JSON output. */
export function jobJson({ job, group, record, paused, now }: JobFacts): Record<string, unknown> {
  return {
    job_id: job.jobId,
    artifact_id: job.artifactId,
    state: job.state,
    reason: job.reason,
    set: job.set,
    priority: job.priority,
    metadata: job.metadata,
    enqueued_at: isoTime(job.enqueuedAt),
    attempts: job.attempts,
    route: job.route,
    due_at: isoTimeOrNull(job.dueAt),
    waiting_for: waitingFor({ job, group, record, paused, now }),
    group: group && groupJson(group, now),
    lease: job.holder === null
      ? null
      : { holder: job.holder, epoch: job.epoch, until: isoTimeOrNull(job.leaseUntil) },
    cursor: readCursor(job.cursor),
    last_error: job.lastError,
    record: record && exportedRecord(record),
  };
}

/** A job for people. */
export function jobText(facts: JobFacts): string {
  const { job, record } = facts;
  const rows: (readonly [string, string | null])[] = [
    ["artifact", job.artifactId],
    ["job", `${job.jobId}, set "${job.set}", priority ${job.priority}, added ${isoTime(job.enqueuedAt)}`],
    ["state", job.reason === null ? job.state : `${job.state}: ${job.reason}, ${REASONS[job.reason].text}`],
    ["waiting for", waitingFor(facts)],
    ["next step", job.state === "queued" ? job.route : null],
    ["lease", leaseText(facts)],
    ["attempts", String(job.attempts)],
    ["metadata", job.metadata === null ? null : JSON.stringify(job.metadata)],
    ["learned", learnedText(job.cursor)],
    ["last error", job.lastError],
    ...(record ? recordRows(record) : []),
  ];
  return rows.flatMap(([name, text]) => text === null ? [] : [`${name.padEnd(13)}${printable(text)}\n`]).join(
    "",
  );
}

function leaseText({ job, now }: JobFacts): string | null {
  if (job.holder === null || job.leaseUntil === null) return null;
  const left = job.leaseUntil > now ? `for ${formatDuration(job.leaseUntil - now)} more` : "lapsed";
  return `${job.holder}, epoch ${job.epoch}, ${left}`;
}

/** Why a queued job is not running. */
function waitingFor({ job, group, paused, now }: JobFacts): string | null {
  if (job.state !== "queued") return null;
  if (paused) return "the queue is paused";
  if (job.dueAt !== null && job.dueAt > now) {
    return `its time: due in ${formatDuration(job.dueAt - now)}, at ${isoTime(job.dueAt)}`;
  }
  const closed = group && closedBecause(group, now);
  return closed ? `limit group ${group.name}: ${closed}` : "a free worker";
}

function recordRows({ record, finishedAt }: FinishedJob): (readonly [string, string | null])[] {
  return [
    ["ended", `${isoTime(finishedAt)}, after ${formatDuration(record.elapsedMs)}`],
    ["file", record.path],
    ["sha256", record.sha256],
    ["from", record.finalUrl ?? record.url],
    ["resolver", record.resolver],
    ["version", record.version],
    ["licence", record.license],
    ...record.tried.map(({ url, resolver, reason, status }) =>
      ["tried", `${url} (${resolver}): ${reason}${status === null ? "" : `, status ${status}`}`] as const
    ),
  ];
}

/** The cursor belongs to the pipeline; here only what any cursor may have is looked at. */
function readCursor(cursor: string | null): Readonly<Record<string, unknown>> | null {
  if (cursor === null) return null;
  try {
    const read: unknown = JSON.parse(cursor);
    return typeof read === "object" && read !== null ? { ...read } : null;
  } catch {
    return null;
  }
}

function learnedText(cursor: string | null): string | null {
  const learned = readCursor(cursor);
  if (learned === null) return null;
  const ids = typeof learned["ids"] === "object" && learned["ids"] !== null
    ? Object.entries(learned["ids"])
    : [];
  const parts = [
    ids.map(([kind, value]) => `${kind}:${value}`).join(" "),
    count(learned["asked"], "question answered", "questions answered"),
    count(learned["candidates"], "candidate left", "candidates left"),
    count(learned["tried"], "candidate tried", "candidates tried"),
  ];
  return parts.filter((part) => part !== "").join(", ") || null;
}

function count(list: unknown, one: string, many: string): string {
  return Array.isArray(list) && list.length > 0 ? plural(list.length, one, many) : "";
}
