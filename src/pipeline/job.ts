/**
 * What the pipeline is given and what it gives back.
 *
 * @module
 */

import type { ArtifactRecord } from "../model/artifact.ts";
import type { Closed, PermitSource } from "../model/permit.ts";

/** A job as the pipeline takes it. */
export interface PipelineJob {
  /** What is wanted, such as `doi:10.1371/journal.pone.0213978`. */
  readonly artifactId: string;
  /** What the operator gave beside it. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** Attempts that failed before. */
  readonly attempts: number;
  /** What earlier leases learned, as the end of the last one gave it. */
  readonly cursor: string | null;
  /** Names the lease, for the temporary file. */
  readonly owner: string;
  /** Whether an earlier lease may have left a part of a file. */
  readonly mayResume: boolean;
}

/** What a job's work may use. */
export interface PipelineContext {
  /** Grants the permits of requests: the job's own. */
  readonly permits: PermitSource;
  /** Ends the work when aborted; what was learned is kept. */
  readonly signal: AbortSignal;
  /** Proves that the job is still ours; asked before a file gets its final name. */
  readonly confirm: () => Promise<boolean>;
}

/** How a job's work ended. */
export type PipelineEnd =
  | { readonly type: "finished"; readonly record: ArtifactRecord }
  | {
    readonly type: "failed";
    readonly record: ArtifactRecord;
    readonly message: string;
    readonly cursor: string;
    /** The URL that the next attempt begins with; `null` if it begins with the resolvers. */
    readonly nextUrl: string | null;
  }
  | { readonly type: "closed"; readonly closed: Closed; readonly cursor: string }
  | { readonly type: "interrupted"; readonly cursor: string };
