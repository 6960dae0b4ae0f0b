/**
 * The requests of one call of a plugin.
 *
 * @module
 */

import type { ResolverFetch, ResolverFetchResult, ResolverRequest } from "../model/resolver.ts";
import { checkRequest } from "./request_rule.ts";
import type { FetchResult, SandboxBounds } from "./sandbox/mod.ts";

/** Why a call cannot go on. */
export type CallStop = Exclude<ResolverFetchResult, { readonly type: "response" }>;

/** Options of {@link CallRequests}. */
export interface CallRequestsOptions {
  /** Hosts that the plugin may ask. */
  readonly hosts: readonly string[];
  readonly bounds: SandboxBounds;
  readonly fetch: ResolverFetch;
  /** A request was refused. */
  onRefused(why: string): void;
  /** The call cannot go on: told once, after a closed group not before what is under way has ended. */
  onStop(stop: CallStop): void;
}

/**
 * Sends the requests of one call, few at a time, since each answer may be large: fifty of 8 MiB each, for six works at
 * once, took 4.1 GB of memory.
 *
 * *Open* until a request ends as closed or failed, then *stopped*: nothing more is sent, but what is under way may end,
 * since its answers are paid for. *Ended* when that was told, or by `end`.
 */
export class CallRequests {
  readonly #options: CallRequestsOptions;
  readonly #queue: (() => void)[] = [];
  #running = 0;
  #chars = 0;
  #stop: CallStop | undefined;
  #ended = false;

  constructor(options: CallRequestsOptions) {
    this.#options = options;
  }

  /** Why the call cannot go on, also while what is under way has not ended. */
  get stop(): CallStop | undefined {
    return this.#stop;
  }

  /** The call is over: what waits for its turn is not sent any more. */
  end(): void {
    this.#ended = true;
  }

  /** Performs a request as it came from the guest; `undefined` leaves it waiting for a call that will not go on. */
  async fetch(asked: unknown): Promise<FetchResult | undefined> {
    const { hosts, bounds, onRefused } = this.#options;
    const request = checkRequest(asked, hosts);
    if ("refused" in request) {
      onRefused(request.refused);
      return request;
    }
    if (this.#running < bounds.fetchesAtOnce) this.#running++;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await this.#send(request);
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#running--;
      this.#tellStop();
    }
  }

  async #send(request: ResolverRequest): Promise<FetchResult | undefined> {
    if (this.#stop || this.#ended) return undefined;
    const { fetch, bounds } = this.#options;
    if (this.#chars > bounds.bodyChars) {
      const refused = `Cannot fetch: the answers of this call have more than ${bounds.bodyChars} characters`;
      return { refused };
    }
    const result = await fetch(request);
    if (result.type !== "response") {
      this.#stop ??= result;
      return undefined;
    }
    this.#chars += result.response.body.length;
    return result.response;
  }

  /** A failed call gains nothing by waiting for what is under way; one that is repeated does. */
  #tellStop(): void {
    if (!this.#stop || this.#ended || (this.#stop.type === "closed" && this.#running > 0)) return;
    this.#ended = true;
    this.#options.onStop(this.#stop);
  }
}
