/**
 * What a job has learned, kept in the queue while it waits, so that nothing is looked up twice.
 *
 * @module
 */

import * as z from "zod";
import type { Candidate, KnownIds } from "../model/artifact.ts";
import { artifactOf } from "../model/artifact_from_record.ts";
import { ID_KINDS, type IdKind, parseIdentifier } from "../model/identifier.ts";
import { type Reason, REASONS } from "../model/reason.ts";
import type { DownloadStart } from "./downloaded.ts";
import type { PipelineJob } from "./job.ts";
import { type Heard, heardSchema, waypointSchema } from "./heard.ts";

/** Who named the candidate that the artifact itself is. */
export const DIRECT = "direct";

/** A candidate that gave no file, or a landing page that could not be read for a wall, and why. */
export interface Tried {
  /** What was tried; of kind `landing` only if it is such a page. */
  readonly candidate: Candidate;
  /** Why it gave none. */
  readonly reason: Reason;
  /** HTTP status of the last answer; `null` where none came. */
  readonly status: number | null;
}

/** A job's state between its leases. */
export interface Cursor {
  /** Attempts that had failed when the present one began. */
  attempts: number;
  /** When the first lease of the present attempt began, in milliseconds since the epoch. */
  startedAt: number;
  /** Every id known. */
  ids: KnownIds;
  /** Questions that were answered, as `questionKey` writes them. */
  asked: string[];
  /** Questions that failed in this attempt, with the reason. */
  failed: { key: string; resolver: string; reason: Reason; detail: string; isFinal?: boolean }[];
  /** URLs that are still to be tried, best first. */
  candidates: Candidate[];
  /** Landing pages that resolvers may read. */
  landings: string[];
  /** What came of the URLs that were tried. */
  tried: Tried[];
  /** What questions were told so far that had to be given up for a closed group, by their keys. */
  heard: Record<string, Heard>;
  /** Where a candidate goes on, when one of its redirects led to a host that was closed. */
  resumeAt: Record<string, DownloadStart>;
  /** How often a URL, or a question, was refused by rate. */
  limited: Record<string, number>;
  /** Whether a resolver knew the work. */
  known: boolean;
  /** Whether a resolver said that the work is closed. */
  closedAccess: boolean;
}

const candidate = z.object({
  url: z.string(),
  kind: z.enum(["pdf", "landing"]),
  resolver: z.string(),
  version: z.enum(["published", "accepted", "submitted"]).nullable(),
  license: z.string().nullable(),
});
const reasonCode = z.custom<Reason>((value) => typeof value === "string" && Object.hasOwn(REASONS, value));
const schema = z.object({
  attempts: z.number(),
  startedAt: z.number(),
  ids: z.partialRecord(z.enum(ID_KINDS), z.string()),
  asked: z.array(z.string()),
  failed: z.array(
    z.object({
      key: z.string(),
      resolver: z.string(),
      reason: reasonCode,
      detail: z.string(),
      isFinal: z.boolean().optional(),
    }),
  ),
  candidates: z.array(candidate),
  landings: z.array(z.string()),
  tried: z.array(z.object({ candidate, reason: reasonCode, status: z.number().nullable() })),
  heard: z.record(z.string(), heardSchema),
  resumeAt: z.record(z.string(), waypointSchema.extend({ isRenewed: z.boolean() })),
  limited: z.record(z.string(), z.number()),
  known: z.boolean(),
  closedAccess: z.boolean(),
});

/** The cursor of a job that nothing is known of but the ids that it came with. */
export function freshCursor(ids: KnownIds, attempts: number, now: number): Cursor {
  return {
    attempts,
    startedAt: now,
    ids,
    asked: [],
    failed: [],
    candidates: [],
    landings: [],
    tried: [],
    heard: {},
    resumeAt: {},
    limited: {},
    known: false,
    closedAccess: false,
  };
}

/** Writes a cursor for the queue. */
export function writeCursor(cursor: Cursor): string {
  return JSON.stringify(cursor);
}

/** Reads a cursor; one of another version's shape gives `null`, and the job begins anew. */
export function readCursor(text: string): Cursor | null {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data as Cursor : null;
  } catch {
    return null;
  }
}

/** The cursor that a job begins with, or goes on with. */
export function openCursor(job: PipelineJob, now: number): Cursor {
  const kept = job.cursor === null ? null : readCursor(job.cursor);
  if (kept) {
    return kept.attempts === job.attempts ? kept : { ...kept, attempts: job.attempts, startedAt: now };
  }
  const { kind, value } = parseIdentifier(job.artifactId);
  const cursor = freshCursor(givenIds(job, kind), job.attempts, now);
  if (kind === "url") {
    cursor.known = true;
    cursor.candidates = [{ url: value, kind: "pdf", resolver: DIRECT, version: null, license: null }];
  }
  return cursor;
}

/** Every id that the operator gave. A URL beside another id is mere metadata: nobody said what it leads to. */
function givenIds({ artifactId, metadata }: PipelineJob, kind: IdKind): KnownIds {
  const { url, ...ids } = artifactOf(artifactId, metadata).ids;
  return kind === "url" && url !== undefined ? { ...ids, url } : ids;
}
