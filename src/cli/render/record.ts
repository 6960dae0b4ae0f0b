/**
 * The record of a finished artifact, as it is exported.
 *
 * @module
 */

import type { FinishedJob } from "../../queue/mod.ts";
import { isoTime } from "./json.ts";

/** The fields of an exported record, in their order. */
export const RECORD_FIELDS = [
  "artifact_id",
  "outcome",
  "reason",
  "path",
  "sha256",
  "bytes",
  "url",
  "final_url",
  "resolver",
  "version",
  "license",
  "attempts",
  "finished_at",
  "elapsed_ms",
  "tried",
] as const;

/** An exported record. */
export type ExportedRecord = Readonly<Record<typeof RECORD_FIELDS[number], unknown>>;

/** A finished job in the names of the export. */
export function exportedRecord({ artifactId, attempts, finishedAt, record }: FinishedJob): ExportedRecord {
  return {
    artifact_id: artifactId,
    outcome: record.outcome,
    reason: record.reason,
    path: record.path,
    sha256: record.sha256,
    bytes: record.bytes,
    url: record.url,
    final_url: record.finalUrl,
    resolver: record.resolver,
    version: record.version,
    license: record.license,
    attempts,
    finished_at: isoTime(finishedAt),
    elapsed_ms: Math.round(record.elapsedMs),
    tried: record.tried.map(({ url, resolver, reason, status }) => ({ url, resolver, reason, status })),
  };
}
