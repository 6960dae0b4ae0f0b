/**
 * What tests of the queue make again and again.
 *
 * @module
 */

import type { ArtifactRecord } from "../../src/model/artifact.ts";
import type { Random } from "../../src/model/ports.ts";
import { type Reason, REASONS } from "../../src/model/reason.ts";
import type { NewJob, Settlement } from "../../src/queue/mod.ts";

/** A job to be enqueued: `doi:10.1234/example.N`. */
export function job(n: number, fields: Partial<NewJob> = {}): NewJob {
  return { artifactId: `doi:10.1234/example.${n}`, metadata: null, priority: 0, ...fields };
}

/** Jobs with the numbers from `first` on. */
export function jobs(count: number, first = 0, fields: Partial<NewJob> = {}): NewJob[] {
  return Array.from({ length: count }, (_, index) => job(first + index, fields));
}

/** A record of a reason, with the outcome that belongs to it. */
export function record(reason: Reason = "ok", fields: Partial<ArtifactRecord> = {}): ArtifactRecord {
  const outcome = REASONS[reason].outcome;
  const none = { path: null, sha256: null, bytes: null, url: null, finalUrl: null, resolver: null };
  return { outcome, reason, ...none, version: null, license: null, elapsedMs: 5, tried: [], ...fields };
}

/** What a failing worker says beside its lease. */
export function failure(
  fields: Partial<Omit<Extract<Settlement, { type: "retry" }>, "type" | "lease">> = {},
): Omit<Extract<Settlement, { type: "retry" }>, "type" | "lease"> {
  return { record: record("timeout"), message: "no answer", cursor: null, route: "fresh:doi", ...fields };
}

/** Randomness that is always the same number. */
export function always(value: number): Random {
  return { next: () => value };
}
