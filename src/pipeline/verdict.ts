/**
 * How an artifact ends when nothing is left to try.
 *
 * @module
 */

import { type ArtifactRecord, type Attempted, emptyRecord } from "../model/artifact.ts";
import { type Reason, REASONS } from "../model/reason.ts";
import type { Cursor, Tried } from "./cursor.ts";
import { byRank } from "./rank.ts";

/** Whether another attempt can help: a resolver or a host failed in a way that passes. */
export function canHelpToRetry(cursor: Cursor): boolean {
  return cursor.failed.some(passes) ||
    cursor.tried.some(({ reason }) => REASONS[reason].transient);
}

/** Whether a resolver's failure may be over by the next attempt. */
function passes({ reason, isFinal = false }: Cursor["failed"][number]): boolean {
  return REASONS[reason].transient && !isFinal;
}

/**
 * The decisive reason: what came of the best candidate, since that is the file that was wanted; without candidates
 * a resolver that failed in passing, since the others' silence proves nothing then; otherwise what the resolvers said. One that
 * fails for good must not hide for ever what another one knows, that the work is closed; nor is its silence proof of anything
 * else. Where none said that the work is closed, the wall behind which that would be to be read.
 */
export function decisiveReason(cursor: Cursor): Reason {
  const decisive = decisiveTried(cursor);
  if (decisive) return decisive.reason;
  const passing = cursor.failed.find(passes);
  if (passing) return passing.reason;
  if (cursor.closedAccess) return "closed-access";
  const [failed] = cursor.failed;
  if (failed) return failed.reason;
  return cursor.known ? "no-open-copy" : "not-found";
}

/** The record of an artifact that gave no file. */
export function recordWithoutFile(cursor: Cursor, now: number): ArtifactRecord {
  const decisive = decisiveTried(cursor);
  return {
    ...emptyRecord(decisiveReason(cursor)),
    url: decisive?.candidate.url ?? null,
    resolver: decisive?.candidate.resolver ?? null,
    elapsedMs: now - cursor.startedAt,
    tried: attemptsOf(cursor),
  };
}

/** What came of the best candidate, which may have been tried later, since its host was closed; else a wall. */
function decisiveTried({ tried, failed, closedAccess }: Cursor): Tried | undefined {
  const candidates = tried.filter(({ candidate }) => candidate.kind === "pdf");
  const [best] = candidates.toSorted((a, b) => byRank(a.candidate, b.candidate));
  return best ?? (failed.length > 0 || closedAccess ? undefined : tried[0]);
}

/** What `export` tells of the URLs that were tried. */
export function attemptsOf(cursor: Cursor): Attempted[] {
  return cursor.tried.map(({ candidate, reason, status }) => ({
    url: candidate.url,
    resolver: candidate.resolver,
    reason,
    status,
  }));
}

/** Makes a cursor ready for another attempt: what failed for a passing reason is open again. */
export function forAnotherAttempt(cursor: Cursor): Cursor {
  const again = cursor.tried.filter(({ reason }) => REASONS[reason].transient);
  return {
    ...cursor,
    failed: cursor.failed.filter((failed) => !passes(failed)),
    tried: cursor.tried.filter(({ reason }) => !REASONS[reason].transient),
    candidates: [...again.map(({ candidate }) => candidate), ...cursor.candidates].sort(byRank),
    heard: {},
    resumeAt: {},
    limited: {},
  };
}

/** The record of an artifact whose file was in place already. */
export function foundRecord(
  cursor: Cursor,
  path: string,
  file: { readonly bytes: number; readonly sha256: string },
  now: number,
): ArtifactRecord {
  return {
    ...recordWithoutFile(cursor, now),
    outcome: "done",
    reason: "already-have",
    url: null,
    resolver: null,
    path,
    sha256: file.sha256,
    bytes: file.bytes,
  };
}
