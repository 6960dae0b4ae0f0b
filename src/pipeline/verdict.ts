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
  return cursor.failed.some(({ reason }) => REASONS[reason].transient) ||
    cursor.tried.some(({ reason }) => REASONS[reason].transient);
}

/**
 * The decisive reason: what came of the best candidate, since that is the file that was wanted; without candidates
 * a failed resolver, since the others' silence proves nothing then; otherwise what the resolvers said.
 */
export function decisiveReason(cursor: Cursor): Reason {
  const best = bestTried(cursor);
  if (best) return best.reason;
  const [failed] = cursor.failed;
  if (failed) return failed.reason;
  if (cursor.closedAccess) return "closed-access";
  return cursor.known ? "no-open-copy" : "not-found";
}

/** The record of an artifact that gave no file. */
export function recordWithoutFile(cursor: Cursor, now: number): ArtifactRecord {
  const best = bestTried(cursor);
  return {
    ...emptyRecord(decisiveReason(cursor)),
    url: best?.candidate.url ?? null,
    resolver: best?.candidate.resolver ?? null,
    elapsedMs: now - cursor.startedAt,
    tried: attemptsOf(cursor),
  };
}

/** What came of the best candidate; a better one may have been tried later, since its host was closed. */
function bestTried({ tried }: Cursor): Tried | undefined {
  return tried.toSorted((a, b) => byRank(a.candidate, b.candidate))[0];
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
    failed: cursor.failed.filter(({ reason }) => !REASONS[reason].transient),
    tried: cursor.tried.filter(({ reason }) => !REASONS[reason].transient),
    candidates: [...again.map(({ candidate }) => candidate), ...cursor.candidates].sort(byRank),
    heard: {},
    resumeAt: {},
    limited: {},
  };
}
