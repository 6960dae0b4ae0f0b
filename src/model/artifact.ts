/**
 * An artifact is one work that is wanted; a candidate is a URL that may give its full text.
 *
 * @module
 */

import type { IdKind } from "./identifier.ts";
import { type Outcome, type Reason, REASONS } from "./reason.ts";

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
  /** An absolute http or https URL. */
  readonly url: string;
  /** What the URL is expected to lead to; the bytes decide. */
  readonly kind: CandidateKind;
  /** The resolver that named it. */
  readonly resolver: string;
  /** Which version of the work it is; `null` where the provider does not say. */
  readonly version: Version | null;
  /** The licence as the provider states it, such as `cc-by`. */
  readonly license: string | null;
}

/** What came of one URL that was tried. */
export interface Attempted {
  /** The URL as the resolver named it, before redirects. */
  readonly url: string;
  /** The resolver that named it. */
  readonly resolver: string;
  /** Why it did, or did not, give the file. */
  readonly reason: Reason;
  /** HTTP status of the last answer; `null` where none came. */
  readonly status: number | null;
}

/** What is recorded of a finished artifact; `export` prints these fields in snake case. */
export interface ArtifactRecord {
  /** How the job ended. */
  readonly outcome: Outcome;
  /** The decisive reason. */
  readonly reason: Reason;
  /** Path below the output directory. */
  readonly path: string | null;
  /** Hash of the file, 64 hexadecimal digits; `null` where none was stored. */
  readonly sha256: string | null;
  /** Length of the file; `null` where none was stored. */
  readonly bytes: number | null;
  /** The candidate that gave the file; `null` where none did. */
  readonly url: string | null;
  /** Where the redirects from `url` ended; `null` where no file was fetched. */
  readonly finalUrl: string | null;
  /** The resolver that named `url`; `null` where no candidate gave the file. */
  readonly resolver: string | null;
  /** Which version of the work the file is; `null` where unknown or none was stored. */
  readonly version: Version | null;
  /** The licence as the provider states it; `null` where unknown or none was stored. */
  readonly license: string | null;
  /** Time from the first lease of the last attempt to the end, in milliseconds. */
  readonly elapsedMs: number;
  /** Every URL that was tried, in order. */
  readonly tried: readonly Attempted[];
}

/** The record of an artifact that ended for `reason` and gave no file. */
export function emptyRecord(reason: Reason): ArtifactRecord {
  return {
    outcome: REASONS[reason].outcome,
    reason,
    path: null,
    sha256: null,
    bytes: null,
    url: null,
    finalUrl: null,
    resolver: null,
    version: null,
    license: null,
    elapsedMs: 0,
    tried: [],
  };
}
