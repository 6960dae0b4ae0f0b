/**
 * What a download is asked for, and what it comes to.
 *
 * @module
 */

import type { Candidate } from "../model/artifact.ts";
import type { Closed } from "../model/permit.ts";
import type { Reason } from "../model/reason.ts";
import type { Waypoint } from "../model/waypoint.ts";
import type { GetOptions, HttpClient, HttpResponse } from "../http/mod.ts";
import type { PipelineContext } from "./job.ts";
import type { FileStore } from "./store.ts";

/** Where a download begins. */
export interface DownloadStart extends Waypoint {
  /** Whether this way was begun anew, since the one before it led to a URL that had expired; that is done once. */
  readonly isRenewed: boolean;
}

/** One candidate to be fetched for one job. */
export interface DownloadRequest extends PipelineContext {
  /** Where to begin: at the candidate's URL, or where its redirects led before. */
  readonly from: DownloadStart;
  /** What is fetched. */
  readonly candidate: Candidate;
  /** What it is the full text of. */
  readonly artifactId: string;
  /** Names the lease, for the temporary file. */
  readonly owner: string;
  /** As in `PipelineJob`. */
  readonly mayResume: boolean;
  /** The final path, below the output directory. */
  readonly path: string;
}

/** What a download came to. */
export type Downloaded =
  | {
    readonly type: "stored";
    readonly sha256: string;
    readonly bytes: number;
    readonly finalUrl: string;
  }
  | { readonly type: "closed"; readonly closed: Closed; readonly resumeAt: DownloadStart }
  | { readonly type: "limited"; readonly closed: Closed; readonly status: number }
  | {
    readonly type: "refused";
    readonly reason: Reason;
    readonly status: number | null;
    readonly detail: string;
  }
  | { readonly type: "interrupted" };

/** Fetches, verifies and stores one candidate. */
export type Download = (request: DownloadRequest) => Promise<Downloaded>;

/** What a download works with. */
export interface DownloadOptions {
  /** Makes the requests. */
  readonly client: HttpClient;
  /** Puts files into their places. */
  readonly store: FileStore;
  /** The output directory. */
  readonly outDir: string;
  /** Says what robots.txt has to say of a URL. @default it is not asked */
  readonly robots?: NonNullable<GetOptions["robots"]> | undefined;
}

/** A candidate that gave no file. */
export function refused(reason: Reason, response: HttpResponse, detail: string): Downloaded {
  return { type: "refused", reason, status: response.status, detail };
}
