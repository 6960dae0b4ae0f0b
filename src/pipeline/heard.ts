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

/**
 * Requests of all calls of one question that can be remembered: twice what one call may send. One that asks for something
 * new each time that it is made again would never end.
 */
const MAX_REQUESTS = 100;

/** What may be remembered of one work, all its questions together, in characters; the queue holds it while a job waits. */
const MAX_CHARS = 2 * 1024 * 1024;

/** One call of a resolver, which is told again what it was told before, and goes on from there. */
export class Hearing {
  readonly #heard: Map<string, Heard[string]>;
  readonly #fetch: ResolverFetch;
  readonly #pending = new Set<Promise<ResolverFetchResult>>();
  #chars: number;

  /** @param heard What earlier calls were told. */
  constructor(heard: Heard | undefined, fetch: ResolverFetch) {
    this.#heard = new Map(Object.entries(heard ?? {}));
    this.#chars = charsOf(heard ?? {});
    this.#fetch = fetch;
  }

  /**
   * Keeps what this call and earlier ones were told, if anything.
   *
   * @param kept What is kept of other questions about the same work, by question; this one's is added.
   * @returns Whether there is room for it. Without it the question would have to be asked from its beginning, for ever.
   */
  keepIn(kept: Record<string, Heard>, key: string): boolean {
    const others = Object.values(kept).reduce((sum, heard) => sum + charsOf(heard), 0);
    if (this.#chars + others > MAX_CHARS) return false;
    if (this.#heard.size > 0) kept[key] = Object.fromEntries(this.#heard);
    return true;
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
    const known = this.#heard.get(key);
    if (known && "answer" in known) {
      return { type: "response", response: { ...known.answer, url: known.answer.url ?? request.url } };
    }
    if (!known && this.#heard.size >= MAX_REQUESTS) {
      const detail = `${MAX_REQUESTS} requests about one work did not bring it to an end`;
      return { type: "failed", reason: "resolver-failed", detail };
    }
    const from = known && { ...known.waypoint, hops: [request.url, ...known.waypoint.hops] };
    const result = await this.#fetch(request, from);
    if (result.type === "response") {
      const { url } = result.response;
      this.#note(key, { answer: { ...result.response, url: url === request.url ? null : url } });
    } else if (result.type === "closed" && result.waypoint) {
      const { url, hops } = result.waypoint;
      this.#note(key, { waypoint: { url, hops: hops.slice(1) } });
    }
    return result;
  }

  /** Beyond what may be kept nothing is held either: see {@linkcode keepIn}. */
  #note(key: string, entry: Heard[string]): void {
    this.#chars += charsOf({ [key]: entry });
    if (this.#chars > MAX_CHARS) this.#heard.clear();
    else this.#heard.set(key, entry);
  }
}

/** Roughly what is written of it. */
function charsOf(heard: Heard): number {
  return Object.values(heard).reduce((sum, entry) => {
    if ("waypoint" in entry) return sum + entry.waypoint.url.length + entry.waypoint.hops.join().length;
    const { headers, body } = entry.answer;
    return sum + body.length + Object.entries(headers).join().length;
  }, 0);
}

/** Names a request without telling what it holds: keys and tokens stand in its URL and its headers. */
function keyOf({ url, headers = {} }: ResolverRequest): string {
  const fields = Object.entries(headers).sort(([a], [b]) => a < b ? -1 : 1);
  return createHash("sha256").update(JSON.stringify([url, fields])).digest("hex").slice(0, 32);
}
