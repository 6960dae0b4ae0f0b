/**
 * What the HTTP client takes and gives.
 *
 * @module
 */

import type { Closed, PermitSource } from "../model/permit.ts";
import type { Clock, Logger, Meter } from "../model/ports.ts";
import type { LookupAddresses } from "./dns.ts";
import type { Failed, HttpResult } from "./http_result.ts";
import type { UrlPolicy } from "./url_policy.ts";

/** How long a request may take. */
export interface Timeouts {
  /**
   * For the lookup of the host's name, and again as part of the wait for the answer: Deno does not tell when a
   * connection stands.
   *
   * @default {10_000}
   */
  readonly connectMs?: number;
  /**
   * From the connection to the answer's headers; the wait for these is `connectMs` and this together.
   *
   * @default {30_000}
   */
  readonly firstByteMs?: number;
  /**
   * Between two chunks of the body.
   *
   * @default {30_000}
   */
  readonly idleMs?: number;
  /**
   * For all hops and the whole body.
   *
   * @default {600_000}
   */
  readonly totalMs?: number;
}

/** What a client is made of. */
export interface HttpClientOptions {
  /** Source of time for limits of time and of age. */
  readonly clock: Clock;
  /** Gets one debug record a hop. */
  readonly logger: Logger;
  /** Gets durations and failures. */
  readonly meter: Meter;
  /** Decides what may be opened. */
  readonly policy: UrlPolicy;
  /** Value of `User-Agent`, such as `contentdownload/1.0 (mailto:…)`. */
  readonly userAgent: string;
  /** How long requests may take. */
  readonly timeouts?: Timeouts;
  /**
   * How many redirects are followed.
   *
   * @default {10}
   */
  readonly maxRedirects?: number;
  /**
   * The longest body that is taken, in bytes.
   *
   * @default {536_870_912}
   */
  readonly maxBytes?: number;
  /**
   * Whether a redirect may lead from https to http. Otherwise the same page is asked for over https; on a port of its own,
   * where nobody knows that of https, the redirect is refused.
   *
   * @default {false}
   */
  readonly allowDowngrade?: boolean;
  /**
   * The limit group of a URL's host; hosts that share a rule share a group.
   *
   * @default {"host:" and the host's key}
   */
  readonly groupOf?: (url: URL) => string;
  /**
   * Whether plain HTTP is sent to the very address that was checked, whatever the name resolves to a moment later. To be
   * `false` where Deno's net permission is scoped: it names hosts and would refuse the address.
   *
   * @default {true}
   */
  readonly pin?: boolean;
  /**
   * Certificates in PEM form that are trusted beside those of the runtime, as of an institution's own authority.
   *
   * @default {[]}
   */
  readonly caCerts?: readonly string[];
  /**
   * Finds the addresses of names.
   *
   * @default {the system's resolver}
   */
  readonly lookup?: LookupAddresses;
}

/** What a host's robots.txt says of a URL, if it could be had. */
export type RobotsVerdict =
  | { readonly type: "allowed" }
  | { readonly type: "disallowed"; readonly detail: string }
  | { readonly type: "closed"; readonly closed: Closed }
  | Failed;

/** On whose behalf robots.txt is asked for. */
export interface RobotsContext {
  /** Grants the permits of the requests. */
  readonly permits: PermitSource;
  /** Ends them when aborted. */
  readonly signal: AbortSignal;
}

/** An answer by which an API says that a limit is reached. */
export interface LimitSign {
  /** Status of the answer. */
  readonly status: number;
  /**
   * Text that its body contains, in any case.
   *
   * @default {any body}
   */
  readonly bodyIncludes?: string;
}

/** One request. */
export interface GetOptions {
  /** Grants the permit of each hop: a job's own source, which first gives out what the job was leased with. */
  readonly permits: PermitSource;
  /** Limit groups beyond the host's own, which is added for each hop. */
  readonly groups: readonly string[];
  /**
   * All limit groups of one hop, in place of `groups` and the host's own; for hosts that an API's group covers.
   *
   * @default {`groups` and the host's own}
   */
  readonly groupsOf?: (url: URL) => readonly string[];
  /** What the request is for, as an attribute of logs and measurements. */
  readonly purpose: "resolve" | "download" | "robots";
  /** Fields of the request. To another origin go only those that cannot be a credential. */
  readonly headers?: HeadersInit;
  /**
   * URLs asked before, whose redirects led to this one, as {@linkcode HopClosed} told them: they count as redirects,
   * none of them is gone back to, and another origin among them keeps credentials from being sent.
   *
   * @default {[]}
   */
  readonly via?: readonly string[];
  /** Ends the request and its body when aborted. */
  readonly signal?: AbortSignal;
  /**
   * The longest body that is taken, in bytes.
   *
   * @default {the client's}
   */
  readonly maxBytes?: number;
  /**
   * Asked before each hop whether the host's robots.txt allows it, for pages and files; APIs are meant for programs.
   *
   * @default {every URL is allowed}
   */
  readonly robots?: (url: URL, context: RobotsContext) => Promise<RobotsVerdict>;
  /**
   * For APIs: answers, beside 429, by which this one says that a limit is reached. With it, even empty, the bodies of
   * errors are searched for words of limits too. An answer that speaks of limits is {@linkcode Limited}.
   *
   * @default {none, and bodies are not looked at}
   */
  readonly refusals?: readonly LimitSign[];
}

/** Gets URLs, politely. */
export interface HttpClient extends Disposable {
  /**
   * Gets `url`, following redirects. Each hop is checked by the policy, then needs a permit of its groups, and is sent
   * only then; nothing ever waits for a group to open.
   *
   * @throws The reason of `signal`, if that is aborted before the answer.
   */
  get(url: string, options: GetOptions): Promise<HttpResult>;
}
