/**
 * All that is known of one job, on one screen.
 *
 * @module
 */

import { REASONS } from "../../model/reason.ts";
import { type FinishedJob, freshKind, type JobDetails } from "../../queue/mod.ts";
import type { GroupFacts } from "../groups/group_facts.ts";
import { cursorRows, readCursor, type Row } from "./cursor.ts";
import { closedBecause, closedFor, groupJson, ratesText } from "./group.ts";
import { isoTime, isoTimeOrNull } from "./json.ts";
import { printable } from "./printable.ts";
import { exportedRecord } from "./record.ts";
import { formatCount, formatDuration, plural } from "./units.ts";

/** What is shown. */
export interface JobFacts {
  readonly job: JobDetails;
  /** The limit groups that its next step may need, one of them at least. */
  readonly groups: readonly GroupFacts[];
  /** The limit group of a URL's host. */
  readonly groupOfUrl: (url: string) => GroupFacts | null;
  readonly record: FinishedJob | null;
  readonly paused: boolean;
  readonly maxAttempts: number;
  /** The present instant. */
  readonly now: number;
}

/** A job in the names of the JSON output. */
export function jobJson(facts: JobFacts): Record<string, unknown> {
  const { job, groups, record } = facts;
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
    max_attempts: facts.maxAttempts,
    route: job.route,
    due_at: isoTimeOrNull(job.dueAt),
    waiting_for: waitingFor(facts),
    groups: groups.map(groupJson),
    epoch: job.epoch,
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
  const { job, groups, record, now } = facts;
  const optional = (name: string, text: string | null): readonly Row[] => text === null ? [] : [[name, text]];
  const rows: readonly Row[] = [
    ["artifact", job.artifactId],
    ["job", `${job.jobId}, set "${job.set}", priority ${job.priority}, added ${ago(job.enqueuedAt, now)}`],
    ["state", job.reason === null ? job.state : `${job.state}: ${job.reason}, ${REASONS[job.reason].text}`],
    ...optional("waiting for", waitingFor(facts)),
    ...optional("next step", job.state === "queued" ? nextStep(job.route) : null),
    ...(job.state === "queued" ? groups.map((group) => ["group", groupText(group, now)] as const) : []),
    ...optional("lease", job.reason === null ? leaseText(facts) : null),
    ["attempts", attemptsText(facts)],
    ...optional("last error", job.lastError),
    ...optional("metadata", job.metadata === null ? null : JSON.stringify(job.metadata)),
    ...cursorRows(job.cursor, facts.groupOfUrl, now),
    ...(record ? recordRows(record, now) : []),
  ];
  return rows.map(([name, text]) => `${name.padEnd(13)}${printable(text)}\n`).join("");
}

/** Why a queued job is not running; `null` if it is, or has ended. */
function waitingFor({ job, groups, paused, now }: JobFacts): string | null {
  if (job.state !== "queued") return null;
  if (paused) return 'the queue is paused; "contentdownload queue resume" lets it go on';
  if (job.dueAt !== null && job.dueAt > now) {
    return `its time: due in ${formatDuration(job.dueAt - now)}, at ${isoTime(job.dueAt)}`;
  }
  // Where any one of several groups will do, the first to open decides.
  const [first] = groups.toSorted((one, other) => (one.closed?.until ?? 0) - (other.closed?.until ?? 0));
  const closed = first && closedBecause(first, now);
  return closed ? `limit group ${first.name}: ${closed}` : "a free worker";
}

function nextStep(route: string): string {
  const kind = freshKind(route);
  if (kind !== null) return `ask the first resolvers about its ${kind}`;
  if (route.startsWith("host:")) return `fetch from ${route.slice("host:".length)}`;
  return `ask ${route}`;
}

function groupText(group: GroupFacts, now: number): string {
  const { name, closed, inFlight, inForce, requests, limited } = group;
  const opens = closed ? closedFor(closed, now) : "open";
  const rates = ratesText(group) || "no rate";
  return `${name}: ${opens}; ${inFlight} in flight of ${inForce.concurrency ?? "any number"}, ${rates}; ` +
    `${plural(requests, "request")}, ${formatCount(limited)} refused`;
}

function leaseText({ job, now }: JobFacts): string {
  if (job.holder === null || job.leaseUntil === null) {
    return job.epoch === 0 ? "none yet" : `none; epoch ${job.epoch}`;
  }
  const left = job.leaseUntil > now
    ? `until ${isoTime(job.leaseUntil)}, for ${formatDuration(job.leaseUntil - now)} more`
    : `lapsed ${formatDuration(now - job.leaseUntil)} ago, to be given to another worker`;
  return `${job.holder}, epoch ${job.epoch}, ${left}`;
}

function attemptsText({ job, maxAttempts }: JobFacts): string {
  return job.reason === null ? `${job.attempts} failed of ${maxAttempts}` : String(job.attempts);
}

function ago(at: number, now: number): string {
  return now >= at ? `${isoTime(at)}, ${formatDuration(now - at)} ago` : isoTime(at);
}

function recordRows({ record, finishedAt }: FinishedJob, now: number): readonly Row[] {
  const fields: (readonly [string, string | null])[] = [
    ["ended", `${ago(finishedAt, now)}, after ${formatDuration(record.elapsedMs)}`],
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
  return fields.flatMap(([name, text]) => text === null ? [] : [[name, text]]);
}
