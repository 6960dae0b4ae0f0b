import { messageOf } from "../model/errors.ts";
import type { Feedback } from "../model/permit.ts";
import { BodyError } from "./body_error.ts";
import type { Failed, Refused } from "./http_result.ts";

/** Why `fetch` or a lookup threw. */
interface FetchFailure {
  readonly reason: "connect-failed" | "tls-failed" | "bad-url" | "host-not-allowed";
  /** Whether the request had left. */
  readonly sent: boolean;
  /** What Deno says, without the queries of URLs. */
  readonly text: string;
}

/**
 * Says why `fetch` or a lookup threw. Deno tells failures apart by text only: since 2.7 in the cause's message, before
 * that in the error's own.
 */
function fetchFailure(thrown: unknown): FetchFailure {
  const text = messageOf(thrown).replace(/(https?:\/\/[^\s?#()]*)[?#][^\s()]*/g, "$1");
  if (thrown instanceof Deno.errors.NotCapable) return { reason: "host-not-allowed", sent: false, text };
  if (/requests to port \d+ are blocked/i.test(text)) return { reason: "bad-url", sent: false, text };
  return {
    reason: isTls(text) ? "tls-failed" : "connect-failed",
    sent: /client error \(SendRequest\)/.test(text),
    text,
  };
}

/**
 * What a request came to that ended without an answer.
 *
 * @param signal The request's own: aborted by a time limit or by the caller.
 * @throws The caller's reason, if it was the caller who ended the request.
 */
export function failureOf(error: unknown, url: URL, signal: AbortSignal): Failed | Refused {
  if (signal.aborted && !isTimeout(signal)) throw signal.reason;
  const { reason, text } = signal.aborted
    ? { reason: "timeout", text: messageOf(signal.reason) } as const
    : fetchFailure(error);
  const detail = `Cannot get ${withoutQuery(url)}: ${text}`;
  switch (reason) {
    case "host-not-allowed":
      return { type: "refused", reason, url: url.href, detail, deniedByDeno: true };
    case "bad-url":
      return { type: "refused", reason, url: url.href, detail };
    default:
      return { type: "failed", reason, url: url.href, detail };
  }
}

/** What the limit groups are told of a request that was sent, or tried; `null` if nothing was tried at all. */
export function feedbackOn(error: unknown, signal: AbortSignal): Feedback | null {
  if (signal.aborted) return { type: "failed", reason: isTimeout(signal) ? "timeout" : "unanswered" };
  const { reason, sent } = fetchFailure(error);
  if (reason === "bad-url" || reason === "host-not-allowed") return null;
  return { type: "failed", reason: sent ? "unanswered" : reason };
}

/** The URL as it may be logged: queries hold keys and e-mail addresses. */
export function withoutQuery(url: URL): string {
  return url.origin + url.pathname;
}

function isTls(text: string): boolean {
  const words = text.replace(/https?:\/\/[^\s()]*/g, "");
  return /\b(tls|ssl|certificate|handshake|invalid peer|UnknownIssuer)\b|received (corrupt|fatal|unexpected)/i
    .test(words);
}

function isTimeout(signal: AbortSignal): boolean {
  return signal.reason instanceof BodyError && signal.reason.reason === "timeout";
}
