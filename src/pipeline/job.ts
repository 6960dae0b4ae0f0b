/**
 * What the pipeline is given and what it gives back.
 *
 * @module
 */

import type { ArtifactRecord } from "../model/artifact.ts";
import type { Closed, PermitSource } from "../model/permit.ts";

/** A job as the pipeline takes it. */
export interface PipelineJob {
  readonly artifactId: string;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** Attempts that failed before. */
  readonly attempts: number;
  readonly cursor: string | null;
  /** Names the lease, for the temporary file. */
  readonly owner: string;
}

/** What a job's work may use. */
export interface PipelineContext {
  readonly permits: PermitSource;
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
