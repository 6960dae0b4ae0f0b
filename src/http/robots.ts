/**
 * robots.txt (RFC 9309).
 *
 * @module
 */

import robotsParser from "robots-parser";
import type { Clock } from "../model/ports.ts";
import { BodyError } from "./body_error.ts";
import type { GetOptions, HttpClient, RobotsContext, RobotsVerdict } from "./http_client.ts";
import type { HttpResponse } from "./http_result.ts";

/** What {@linkcode createRobots} needs. */
export interface RobotsOptions {
  /** Gets the files. */
  readonly client: HttpClient;
  /** Tells how old a file is. */
  readonly clock: Clock;
  /** The program's `User-Agent`; its first word, up to a slash, is the token that rules name. */
  readonly userAgent: string;
}

// The package is CommonJS: what is imported is the function itself, which its types take for a property.
const parseRobots = robotsParser as unknown as typeof robotsParser.default;

type Rules = ReturnType<typeof parseRobots>;

/** What a host's file came to; `null` rules allow everything. */
type Fetched =
  | { readonly type: "rules"; readonly rules: Rules | null }
  | Exclude<RobotsVerdict, { type: "allowed" }>;

/** No file is good for longer (RFC 9309 §2.4). */
const DAY_MS = 86_400_000;
/** A host that was unreachable is asked again soon: jobs come back to it by their own backoff. */
const FAILED_TTL_MS = 60_000;
const MAX_HOSTS = 10_000;
/** Crawlers must read at least 500 KiB (RFC 9309 §2.5); what lies beyond is ignored. */
const MAX_BYTES = 512 * 1024;

/**
 * Makes the check that {@linkcode GetOptions.robots} takes. Each host's file is asked for once, through the same client,
 * policy and limits as everything else, on behalf of the first job that needs it.
 */
export function createRobots(options: RobotsOptions): NonNullable<GetOptions["robots"]> {
  const { clock } = options;
  const token = options.userAgent.split(/[/\s]/)[0] ?? "";
  const known = new Map<string, { readonly fetched: Fetched; readonly until: number }>();
  const pending = new Map<string, Promise<Fetched>>();

  async function ask(origin: string, context: RobotsContext): Promise<Fetched> {
    const fetched = await fetchRules(options.client, origin, context);
    const keepMs = fetched.type === "rules" ? DAY_MS : fetched.type === "failed" ? FAILED_TTL_MS : 0;
    known.delete(origin);
    known.set(origin, { fetched, until: clock.now() + keepMs });
    const oldest = known.keys().next();
    if (known.size > MAX_HOSTS && !oldest.done) known.delete(oldest.value);
    return fetched;
  }

  async function fileOf(origin: string, context: RobotsContext): Promise<Fetched> {
    for (;;) {
      const kept = known.get(origin);
      if (kept !== undefined && clock.now() < kept.until) return kept.fetched;
      const others = pending.get(origin);
      if (others === undefined) {
        const own = ask(origin, context).finally(() => pending.delete(origin));
        pending.set(origin, own);
        return await own;
      }
      // If the job that asks gives up, another one has to.
      const fetched = await others.catch(() => null);
      if (fetched !== null) return fetched;
    }
  }

  return async (url, context) => {
    const fetched = await fileOf(url.origin, context);
    if (fetched.type !== "rules") return fetched;
    if (fetched.rules?.isAllowed(url.href, token) ?? true) return { type: "allowed" };
    return {
      type: "disallowed",
      detail: `Cannot open ${url.origin}${url.pathname}: robots.txt forbids it to "${token}"`,
    };
  };
}

async function fetchRules(client: HttpClient, origin: string, context: RobotsContext): Promise<Fetched> {
  const url = `${origin}/robots.txt`;
  const result = await client.get(url, { ...context, groups: [], purpose: "robots" });
  switch (result.type) {
    case "response":
      return await readRules(url, result);
    case "limited":
    case "closed":
      return { type: "closed", closed: result.closed };
    case "refused":
      // A file that is nowhere to be had forbids nothing (RFC 9309 §2.3.1.2, too many redirects; §2.3.1.3).
      return { type: "rules", rules: null };
    case "failed":
      return result;
  }
}

async function readRules(url: string, { status, body }: HttpResponse): Promise<Fetched> {
  await using reader = body;
  // Unreachable means that everything is forbidden (RFC 9309 §2.3.1.4): for now, so the job tries again later.
  if (status >= 500) {
    return { type: "failed", reason: "http-5xx", url, detail: `Cannot get ${url}: status ${status}` };
  }
  if (status >= 300) return { type: "rules", rules: null };
  try {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of reader) {
      text += decoder.decode(chunk, { stream: true });
      if (reader.bytesRead >= MAX_BYTES) break;
    }
    return { type: "rules", rules: parseRobots(url, text) };
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    const reason = error.reason === "timeout" ? "timeout" : "connect-failed";
    return { type: "failed", reason, url, detail: error.message };
  }
}
