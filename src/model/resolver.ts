/**
 * What crosses between the pipeline and a resolver plugin, whoever runs it.
 *
 * @module
 */

import type { Artifact, Candidate, KnownIds } from "./artifact.ts";
import type { IdKind } from "./identifier.ts";
import type { Closed } from "./permit.ts";
import type { Reason } from "./reason.ts";
import type { Waypoint } from "./waypoint.ts";

/** What a resolver's request may hold. The body of a request is not supported: resolvers read. */
export interface ResolverRequest {
  /** An absolute URL on a host that the plugin declared. */
  readonly url: string;
  /** Headers to be sent beside the client's own. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A question whose limit group opens later than this does not keep a work from the next tier: the other resolvers may know
 * an open copy meanwhile.
 */
export const PATIENCE_MS = 60_000;

/** What stands in front of a page: a check for robots, or a login. */
export type Wall = Extract<Reason, "bot-wall" | "login-wall">;

/** An answer as a plugin sees it; the body is text, decoded as UTF-8. */
export interface ResolverResponse {
  /** HTTP status of the last answer. */
  readonly status: number;
  /** Where the redirects ended. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The decoded body, whole; empty for a PDF, which is for the download to read. */
  readonly body: string;
  /** What it is instead of an answer to the request, if the pipeline knows it for a wall. */
  readonly wall?: Wall;
}

/**
 * What the host's fetch gives back to the sandbox: an answer, or the reason why the call has to be abandoned
 * (`closed`: hold the job; `failed`: the resolver failed for this artifact).
 */
export type ResolverFetchResult =
  | { readonly type: "response"; readonly response: ResolverResponse }
  | Closed & {
    /** Where to go on; absent where the request has to begin anew. */
    readonly waypoint?: Waypoint;
    /** Whether a server refused the request by rate; otherwise it was not sent. @default false */
    readonly isRefusal?: boolean;
  }
  | { readonly type: "failed"; readonly reason: Reason; readonly detail: string };

/**
 * Performs a resolver's request: checks the host, takes permits, follows redirects.
 *
 * @param from Where the same request goes on that came so far before; at its beginning without one.
 */
export type ResolverFetch = (request: ResolverRequest, from?: Waypoint) => Promise<ResolverFetchResult>;

/** A page that could not be read for a wall. */
export interface WalledPage {
  /** Where it stands, after redirects. */
  readonly url: string;
  /** Its HTTP status. */
  readonly status: number;
}

/** What one call of a resolver came to. */
export type ResolverAnswer =
  | {
    readonly type: "found";
    readonly candidates: readonly Candidate[];
    /** Ids learned, which may re-open other resolvers. */
    readonly ids: KnownIds;
    /** `closed-access` or `not-found` where the provider says so, a wall where one stood; otherwise absent. */
    readonly verdict?: "closed-access" | "not-found" | Wall;
    /** The page that was a wall, if one is the verdict. */
    readonly page?: WalledPage;
  }
  | Closed & {
    /** Whether a server refused a request of the call by rate. @default false */
    readonly isRefusal?: boolean;
  }
  | {
    readonly type: "failed";
    readonly reason: Reason;
    readonly detail: string;
    /** Whether to ask again in this run is of no use, whatever the reason. @default false */
    readonly isFinal?: boolean;
  };

/** A resolver as the pipeline uses it. */
export interface Resolver {
  /** Its name in the configuration, in records and in logs. */
  readonly name: string;
  /** Lower tiers are asked first. */
  readonly tier: number;
  /** Kinds of ids that it can start from. */
  readonly accepts: readonly IdKind[];
  /** Limit groups of its requests beyond the host's own. */
  readonly group: string;
  /**
   * Asks it about one work.
   *
   * @param fetch Performs the requests of this call, on behalf of the job that it is for.
   */
  resolve(artifact: Artifact, signal: AbortSignal, fetch: ResolverFetch): Promise<ResolverAnswer>;
}
