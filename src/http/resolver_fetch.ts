/**
 * The fetch that resolvers ask through.
 *
 * @module
 */

import type { PermitSource } from "../model/permit.ts";
import type { ResolverFetch, ResolverFetchResult, ResolverRequest } from "../model/resolver.ts";
import type { Waypoint } from "../model/waypoint.ts";
import { BodyError } from "./body_error.ts";
import type { GetOptions, HttpClient, LimitSign } from "./http_client.ts";
import type { HttpResponse } from "./http_result.ts";

/** What a resolver's fetch is made of. */
export interface ResolverFetchOptions {
  /** The client that performs the requests. */
  readonly client: HttpClient;
  /** Grants their permits: the job's. */
  readonly permits: PermitSource;
  /** All limit groups of a request, or of a hop of it, to this URL. */
  readonly groupsOf: (url: URL) => readonly string[];
  /**
   * Answers, beside 429, by which the provider says that a limit is reached.
   *
   * @default {[]}
   */
  readonly refusals?: readonly LimitSign[];
  /** Says what robots.txt has to say of a URL. @default it is not asked */
  readonly robots?: NonNullable<GetOptions["robots"]>;
  /** Ends requests when aborted. */
  readonly signal?: AbortSignal;
  /**
   * The longest answer that is taken, in bytes.
   *
   * @default {8_388_608}
   */
  readonly maxBytes?: number;
}

/**
 * Makes the fetch of one resolver's requests for one job. What hosts the resolver may ask is for its sandbox to check, by
 * what it declared; the client checks what the operator allows.
 */
export function createResolverFetch(options: ResolverFetchOptions): ResolverFetch {
  return (request, from = { url: request.url, hops: [] }) => resolverFetch(request, from, options);
}

async function resolverFetch(
  request: ResolverRequest,
  from: Waypoint,
  options: ResolverFetchOptions,
): Promise<ResolverFetchResult> {
  const { client, permits, groupsOf, refusals = [], signal, maxBytes = 8 * 1024 * 1024 } = options;
  const result = await client.get(from.url, {
    via: from.hops,
    permits,
    groups: [],
    groupsOf,
    refusals,
    purpose: "resolve",
    maxBytes,
    ...(request.headers && { headers: request.headers }),
    ...(signal && { signal }),
    ...(options.robots && { robots: options.robots }),
  });
  switch (result.type) {
    case "response":
      return await readAnswer(result);
    case "limited":
      return { ...result.closed, isRefusal: true };
    case "closed": {
      const { closed, resumeUrl, hops } = result;
      return hops.length === 0 ? closed : { ...closed, waypoint: { url: resumeUrl, hops } };
    }
    case "refused":
    case "failed":
      return { type: "failed", reason: result.reason, detail: result.detail };
  }
}

/** A file is for the download to read: it is no text, and may be larger than an answer may be. */
const FILE_TYPE = /^\s*application\/(?:x-)?pdf\b/i;

async function readAnswer(
  { status, headers, finalUrl, body: reader }: HttpResponse,
): Promise<ResolverFetchResult> {
  try {
    const isFile = FILE_TYPE.test(headers.get("content-type") ?? "");
    if (isFile) await reader.cancel();
    const body = isFile ? "" : await reader.readText();
    return {
      type: "response",
      response: { status, url: finalUrl, headers: Object.fromEntries(headers), body },
    };
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    // That a body is no PDF says nothing of an API's answer.
    const reason = error.reason === "not-pdf" ? "resolver-failed" : error.reason;
    return { type: "failed", reason, detail: error.message };
  }
}
