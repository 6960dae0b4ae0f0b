import { hostKey, parseRetryAfter } from "../limits/mod.ts";
import type { Closed, Feedback, Permit, PermitSource } from "../model/permit.ts";
import { BodyReader } from "./body_reader.ts";
import type { GetOptions, HttpClientOptions, RobotsVerdict, Timeouts } from "./http_client.ts";
import type { LookupAddresses } from "./dns.ts";
import { failureOf, feedbackOn, withoutQuery } from "./_failure.ts";
import type { Failed, HopClosed, HttpResponse, HttpResult, Limited, Refused } from "./http_result.ts";
import { headersAcrossOrigins, isRedirect, redirectTarget, requestHeaders } from "./_redirect.ts";
import { refusalOf } from "./_refusal.ts";
import { RequestWatch } from "./_request_watch.ts";
import type { Transport } from "./_transport.ts";
import { vet, type Vetted } from "./_vetting.ts";

/** What an exchange needs: the client's options, the optional ones filled in, and its parts. */
export interface ExchangeParts extends HttpClientOptions {
  readonly maxRedirects: number;
  readonly maxBytes: number;
  readonly lookup: LookupAddresses;
  readonly transport: Transport;
}

type Answered = Extract<Feedback, { type: "answered" }>;

const DEFAULT_TIMEOUTS: Required<Timeouts> = {
  connectMs: 10_000,
  firstByteMs: 30_000,
  idleMs: 30_000,
  totalMs: 600_000,
};

/**
 * When to come back to a host that refuses by rate, does not say for how long, and whose groups are open: they have slowed
 * down by now, and the pause that they made is over where the answer took longer than that. (When it was a minute, one file
 * of a bench came 58 s after all others.)
 */
const FALLBACK_HOLD_MS = 1_000;

/**
 * One `get`, from the first hop to the end of the body.
 *
 * Hop by hop: *vetted* by policy and lookup, *permitted* from the grant on, *answered*; a redirect gives the permit back
 * and begins the next hop. The permit of the last hop goes over to the body and is given back when that ends. At any
 * time at most one permit is held, and each is disposed once.
 */
export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #request: GetOptions;
  readonly #timeouts: Required<Timeouts>;
  readonly #permits: PermitSource;
  readonly #watch: RequestWatch;
  readonly #hops: string[] = [];
  readonly #visited = new Set<string>();
  #permit: Permit | undefined;

  constructor(parts: ExchangeParts, request: GetOptions) {
    this.#parts = parts;
    this.#request = request;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...parts.timeouts };
    this.#permits = request.permits;
    for (const hop of request.via ?? []) this.#visit(new URL(hop));
    this.#watch = new RequestWatch(parts.clock, this.#timeouts.totalMs, request.signal);
  }

  /** Makes the request. */
  async get(text: string): Promise<HttpResult> {
    let result: HttpResult | undefined;
    try {
      result = await this.#follow(text);
      if (result.type === "failed") {
        const { purpose } = this.#request;
        this.#parts.meter.count("contentdownload.http.failed", 1, { purpose, reason: result.reason });
      }
      return result;
    } finally {
      if (result?.type !== "response") this.#end();
    }
  }

  async #follow(text: string): Promise<HttpResult> {
    let headers = requestHeaders(this.#request.headers, this.#parts.userAgent);
    const { origin } = URL.parse(text) ?? {};
    if (this.#hops.some((hop) => new URL(hop).origin !== origin)) headers = headersAcrossOrigins(headers);
    for (;;) {
      const vetted = await vet(text, {
        ...this.#parts,
        connectMs: this.#timeouts.connectMs,
        watch: this.#watch,
      });
      if ("type" in vetted) return vetted;
      const { url } = vetted;
      const barred = await this.#askRobots(url);
      if (barred !== null) return barred;
      const granted = await this.#permits.acquire(this.#groupsOf(url));
      // What was granted to a request that is over by now is refunded: nothing has left.
      if (this.#watch.signal.aborted) {
        if (granted.type === "permit") granted[Symbol.dispose]();
        return failureOf(null, url, this.#watch.signal);
      }
      if (granted.type === "closed") {
        return { type: "closed", closed: granted, resumeUrl: url.href, hops: this.#hops };
      }
      this.#permit = granted;
      const answer = await this.#send(vetted, headers);
      if ("type" in answer) return answer;
      const { response, feedback } = answer;
      if (!isRedirect(response.status, response.headers)) {
        return await this.#answered(url, response, feedback);
      }
      granted.report(feedback);
      await response.body?.cancel().catch(() => {});
      this.#release();
      const next = this.#next(url, response.headers.get("location") ?? "");
      if ("type" in next) return next;
      if (next.origin !== url.origin) headers = headersAcrossOrigins(headers);
      text = next.href;
    }
  }

  /** Says why robots.txt keeps a hop from being made; `null` if it does not. */
  async #askRobots(url: URL): Promise<Refused | Failed | HopClosed | null> {
    const { signal } = this.#watch;
    if (this.#request.robots === undefined) return null;
    let verdict: RobotsVerdict;
    try {
      verdict = await this.#watch.race(this.#request.robots(url, { permits: this.#permits, signal }));
    } catch (error) {
      if (!signal.aborted) throw error;
      return failureOf(error, url, signal);
    }
    switch (verdict.type) {
      case "allowed":
        return null;
      case "closed":
        return { type: "closed", closed: verdict.closed, resumeUrl: url.href, hops: this.#hops };
      case "disallowed":
        return { type: "refused", reason: "robots-disallowed", url: url.href, detail: verdict.detail };
      case "failed":
        return verdict;
    }
  }

  #groupsOf(url: URL): readonly string[] {
    const { groups, groupsOf } = this.#request;
    return groupsOf?.(url) ?? [...groups, this.#parts.groupOf?.(url) ?? `host:${hostKey(url)}`];
  }

  async #send(
    vetted: Vetted,
    headers: Headers,
  ): Promise<{ response: Response; feedback: Answered } | Failed | Refused> {
    const { clock, logger, meter, transport } = this.#parts;
    const { url } = vetted;
    const { signal, deadline } = this.#watch;
    this.#visit(url);
    const { purpose } = this.#request;
    const sentAt = clock.now();
    try {
      deadline.begin(this.#timeouts.connectMs + this.#timeouts.firstByteMs);
      this.#permit?.depart();
      const response = await transport.send({ ...vetted, headers, signal });
      const { status } = response;
      const latencyMs = clock.now() - sentAt;
      meter.record("http.client.request.duration", latencyMs / 1000, { purpose, status: String(status) });
      logger.debug("answer", { purpose, url: withoutQuery(url), status, latencyMs });
      return { response, feedback: { type: "answered", status, headers: response.headers, latencyMs } };
    } catch (error) {
      const feedback = feedbackOn(error, signal);
      if (feedback !== null) this.#permit?.report(feedback);
      return failureOf(error, url, signal);
    } finally {
      deadline.pause();
    }
  }

  #visit(url: URL): void {
    this.#hops.push(url.href);
    this.#visited.add(withoutFragment(url));
  }

  /** Where a redirect leads, if it may be followed. */
  #next(from: URL, location: string): URL | Refused {
    const { maxRedirects, allowDowngrade = false } = this.#parts;
    const target = redirectTarget(location, from, { allowDowngrade });
    const refuse = (reason: Refused["reason"], why: string): Refused => {
      const url = target?.href ?? location;
      return { type: "refused", reason, url, detail: `Cannot follow ${withoutQuery(from)}: ${why}` };
    };
    if (target === null) return refuse("bad-url", "Location is not a URL");
    if (from.protocol === "https:" && target.protocol === "http:" && !allowDowngrade) {
      return refuse("bad-url", "it redirects from https to http; network.allow_downgrade lets it");
    }
    if (this.#visited.has(withoutFragment(target))) {
      return refuse("redirect-loop", "it redirects to where it was");
    }
    if (this.#hops.length > maxRedirects) {
      return refuse("too-many-redirects", `more than ${maxRedirects} redirects`);
    }
    return target;
  }

  async #answered(url: URL, response: Response, feedback: Answered): Promise<HttpResponse | Limited> {
    const { status, headers } = response;
    // A body that is empty, or given up while it is looked at, ends before the report that its permit is owed.
    let isReported = false;
    let isOver = false;
    const body = new BodyReader({
      stream: response.body,
      headers,
      url: withoutQuery(url),
      maxBytes: this.#request.maxBytes ?? this.#parts.maxBytes,
      idleMs: this.#timeouts.idleMs,
      deadline: this.#watch.deadline,
      signal: this.#watch.signal,
      onEnd: () => {
        isOver = true;
        if (isReported) this.#end();
      },
    });
    const { limited, message } = await refusalOf(
      response,
      body,
      this.#parts.clock.now(),
      this.#request.refusals,
    );
    const groups = this.#permit?.groups ?? [];
    this.#permit?.report({ ...feedback, ...(message !== undefined && { message }) });
    isReported = true;
    if (isOver) this.#end();
    if (!limited) return { type: "response", status, headers, finalUrl: url.href, hops: this.#hops, body };
    await body.cancel();
    const closed = await this.#whenOpen(groups, headers);
    return { type: "limited", status, headers, url: url.href, hops: this.#hops, closed };
  }

  /** When groups that were told of a refusal can be asked again. */
  async #whenOpen(groups: readonly string[], headers: Headers): Promise<Closed> {
    const answer = await this.#permits.acquire(groups);
    if (answer.type === "closed") return answer;
    // The groups stayed open (Retry-After: 0, or a rule that ignores it); a job must not come back at once all the same.
    answer[Symbol.dispose]();
    const nowMs = this.#parts.clock.now();
    const waitMs = parseRetryAfter(headers.get("retry-after"), { nowMs, date: headers.get("date") });
    return {
      type: "closed",
      group: groups.at(-1) ?? "",
      until: nowMs + (waitMs ?? FALLBACK_HOLD_MS),
      why: "cool-down",
    };
  }

  #release(): void {
    const permit = this.#permit;
    this.#permit = undefined;
    permit?.[Symbol.dispose]();
  }

  #end(): void {
    this.#release();
    this.#watch[Symbol.dispose]();
  }
}

function withoutFragment(url: URL): string {
  const bare = new URL(url);
  bare.hash = "";
  return bare.href;
}
