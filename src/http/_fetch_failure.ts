import { messageOf } from "../model/errors.ts";

/** Why `fetch` or a lookup threw. */
export interface FetchFailure {
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
export function fetchFailure(thrown: unknown): FetchFailure {
  const text = messageOf(thrown).replace(/(https?:\/\/[^\s?#()]*)[?#][^\s()]*/g, "$1");
  if (thrown instanceof Deno.errors.NotCapable) return { reason: "host-not-allowed", sent: false, text };
  if (/requests to port \d+ are blocked/i.test(text)) return { reason: "bad-url", sent: false, text };
  return {
    reason: isTls(text) ? "tls-failed" : "connect-failed",
    sent: /client error \(SendRequest\)/.test(text),
    text,
  };
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
