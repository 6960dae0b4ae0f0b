/**
 * What a request came to.
 *
 * @module
 */

import type { Closed } from "../model/permit.ts";
import type { Reason } from "../model/reason.ts";
import type { BodyReader } from "./body_reader.ts";

/** An answer that is neither a redirect nor a refusal by rate. */
export interface HttpResponse {
  /** An answer. */
  readonly type: "response";
  /** Status of the last answer. */
  readonly status: number;
  /** The last answer's fields, as they came. */
  readonly headers: Headers;
  /** The URL that answered, after redirects. */
  readonly finalUrl: string;
  /** Every URL asked, the first and the last included. */
  readonly hops: readonly string[];
  /** The body; it holds the permit until it is read to its end, cancelled or disposed. */
  readonly body: BodyReader;
}

/** The host refused the request by rate: 429, or 503 with `Retry-After`. The groups know; the job is to be held. */
export interface Limited {
  /** Refused by rate. */
  readonly type: "limited";
  /** 429, 503, or one that an API uses in their place. */
  readonly status: number;
  /** The answer's fields, as they came. */
  readonly headers: Headers;
  /** The URL that answered. */
  readonly url: string;
  /** Every URL asked, the first and the last included. */
  readonly hops: readonly string[];
  /** Which group opens last and when. */
  readonly closed: Closed;
}

/** A limit group took no request; nothing was sent. */
export interface HopClosed {
  /** Not sent, for a limit group is closed. */
  readonly type: "closed";
  /** Which group opens last and when. */
  readonly closed: Closed;
  /** Where to go on once it is open: the URL of the hop that was not made. */
  readonly resumeUrl: string;
  /** URLs asked before it, those of `via` included. */
  readonly hops: readonly string[];
}

/** The URL, or one that it redirects to, must not be opened. */
export interface Refused {
  /** Not opened. */
  readonly type: "refused";
  /** Why not. */
  readonly reason: Extract<
    Reason,
    | "private-address"
    | "host-not-allowed"
    | "bad-url"
    | "redirect-loop"
    | "too-many-redirects"
    | "robots-disallowed"
  >;
  /** One line for people; holds no query. */
  readonly detail: string;
  /** The URL that was refused. */
  readonly url: string;
  /** Whether it was Deno that refused, by a flag that the detail names. @default false */
  readonly deniedByDeno?: true;
}

/** No answer came. */
export interface Failed {
  /** Without answer. */
  readonly type: "failed";
  /** What failed; `http-5xx` is the answer of a host that was asked for its robots.txt. */
  readonly reason: Extract<Reason, "timeout" | "connect-failed" | "tls-failed" | "http-5xx">;
  /** One line for people; holds no query. */
  readonly detail: string;
  /** The URL that did not answer. */
  readonly url: string;
}

/** What a request came to. */
export type HttpResult = HttpResponse | Limited | HopClosed | Refused | Failed;
