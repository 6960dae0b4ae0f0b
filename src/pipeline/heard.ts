/**
 * What a resolver was told before its question had to be given up.
 *
 * A plugin that makes two requests, or one that is redirected, may meet a closed group at the second. Its call is then
 * abandoned, and made again from its beginning once the group is open. Were the first request made again as well, it
 * would use up the one permit that the job came with, and a group of one request at a time would never be done with it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import * as z from "zod";
import type { ResolverFetch, ResolverFetchResult, ResolverRequest } from "../model/resolver.ts";

/** How far a request came. */
export const waypointSchema = z.object({ url: z.string(), hops: z.array(z.string()).readonly() });

const entrySchema = z.union([
  z.object({
    /** `url` is `null` for the request's own, which may hold a key. */
    answer: z.object({
      status: z.number(),
      url: z.string().nullable(),
      headers: z.record(z.string(), z.string()),
      body: z.string(),
    }),
  }),
  /** Without its first hop, which is the request's own URL. */
  z.object({ waypoint: waypointSchema }),
]);

/** As it is kept in the cursor. */
export const heardSchema = z.record(z.string(), entrySchema);

/** Answers, and how far requests came, by request. */
export type Heard = Readonly<z.infer<typeof heardSchema>>;

/** One call of a resolver, which is told again what it was told before, and goes on from there. */
export class Hearing {
  readonly #heard: Record<string, Heard[string]>;
  readonly #fetch: ResolverFetch;
  readonly #pending = new Set<Promise<ResolverFetchResult>>();

  /** @param heard What earlier calls were told. */
  constructor(heard: Heard | undefined, fetch: ResolverFetch) {
    this.#heard = { ...heard };
    this.#fetch = fetch;
  }

  /** What this call and earlier ones were told, if anything. */
  get heard(): Heard | null {
    return Object.keys(this.#heard).length === 0 ? null : this.#heard;
  }

  /** Performs a request, unless its answer is known. */
  readonly fetch: ResolverFetch = async (request) => {
    const pending = this.#hear(request);
    this.#pending.add(pending);
    try {
      return await pending;
    } finally {
      this.#pending.delete(pending);
    }
  };

  /** Waits for the requests of a call that was given up: their answers are paid for. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  async #hear(request: ResolverRequest): Promise<ResolverFetchResult> {
    const key = keyOf(request);
    const known = this.#heard[key];
    if (known && "answer" in known) {
      return { type: "response", response: { ...known.answer, url: known.answer.url ?? request.url } };
    }
    const from = known && { ...known.waypoint, hops: [request.url, ...known.waypoint.hops] };
    const result = await this.#fetch(request, from);
    if (result.type === "response") {
      const { url } = result.response;
      this.#heard[key] = { answer: { ...result.response, url: url === request.url ? null : url } };
    } else if (result.type === "closed" && result.waypoint) {
      const { url, hops } = result.waypoint;
      this.#heard[key] = { waypoint: { url, hops: hops.slice(1) } };
    }
    return result;
  }
}

/** Names a request without telling what it holds: keys and tokens stand in its URL and its headers. */
function keyOf({ url, headers = {} }: ResolverRequest): string {
  const fields = Object.entries(headers).sort(([a], [b]) => a < b ? -1 : 1);
  return createHash("sha256").update(JSON.stringify([url, fields])).digest("hex").slice(0, 32);
}
