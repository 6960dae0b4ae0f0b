/**
 * An artifact is one work that is wanted; a candidate is a URL that may give its full text.
 *
 * @module
 */

import type { IdKind } from "./identifier.ts";
import type { Outcome, Reason } from "./reason.ts";

/** The ids known of a work, each normalised as in `identifier.ts`, without the kind's prefix. */
export type KnownIds = Readonly<Partial<Record<IdKind, string>>>;

/** One work that is wanted. */
export interface Artifact {
  /** Its identity: kind and normalised value, such as `doi:10.1371/journal.pone.0213978`. */
  readonly id: string;
  /** Every id known so far, that of `id` included. */
  readonly ids: KnownIds;
  /** What the operator gave beside the identifier; never interpreted, handed to resolvers. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What a candidate's URL is expected to lead to. */
export type CandidateKind = "pdf" | "landing";

/** The version of a work, in the terms of Unpaywall and OpenAlex; `null` where unknown. */
export type Version = "published" | "accepted" | "submitted";

/** A URL that may give the full text. */
export interface Candidate {
  readonly url: string;
  readonly kind: CandidateKind;
  /** The resolver that named it. */
  readonly resolver: string;
  readonly version: Version | null;
  /** The licence as the provider states it, such as `cc-by`. */
  readonly license: string | null;
}

/** What came of one URL that was tried. */
export interface Attempted {
  readonly url: string;
  readonly resolver: string;
  readonly reason: Reason;
  /** HTTP status of the last answer; `null` where none came. */
  readonly status: number | null;
}

/** What is recorded of a finished artifact; `export` prints these fields in snake case. */
export interface ArtifactRecord {
  readonly outcome: Outcome;
  readonly reason: Reason;
  /** Path below the output directory. */
  readonly path: string | null;
  readonly sha256: string | null;
  readonly bytes: number | null;
  readonly url: string | null;
  readonly finalUrl: string | null;
  readonly resolver: string | null;
  readonly version: Version | null;
  readonly license: string | null;
  /** Time from the first lease of the last attempt to the end, in milliseconds. */
  readonly elapsedMs: number;
  readonly tried: readonly Attempted[];
}
