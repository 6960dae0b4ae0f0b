/**
 * Reason codes: why an artifact, or one candidate of it, ended as it did. They are stable; a record never
 * carries anything else.
 *
 * @module
 */

/** How a job ends. */
export type Outcome = "done" | "skipped" | "error";

interface ReasonMeaning {
  /** How an artifact ends whose decisive reason this is. */
  readonly outcome: Outcome;
  /** Whether trying again later can help. */
  readonly transient: boolean;
  /** One line for people. */
  readonly text: string;
}

/** What each reason code means. */
export const REASONS = {
  "ok": { outcome: "done", transient: false, text: "the file was fetched, verified and stored" },
  "already-have": { outcome: "done", transient: false, text: "a verified file was already in place" },
  "no-open-copy": { outcome: "skipped", transient: false, text: "no resolver knows an open copy" },
  "closed-access": { outcome: "skipped", transient: false, text: "a resolver says the work is closed" },
  "not-found": { outcome: "skipped", transient: false, text: "no resolver knows the work" },
  "host-not-allowed": { outcome: "skipped", transient: false, text: "the host is not in network.allow_net" },
  "private-address": {
    outcome: "skipped",
    transient: false,
    text: "the host is a private, loopback or reserved address",
  },
  "robots-disallowed": {
    outcome: "skipped",
    transient: false,
    text: "the host's robots.txt forbids the URL",
  },
  "cancelled": { outcome: "skipped", transient: false, text: "the operator cancelled the job" },
  "not-pdf": { outcome: "error", transient: false, text: "the body is not a PDF" },
  "html-instead-of-pdf": {
    outcome: "error",
    transient: false,
    text: "an HTML page came in place of the PDF",
  },
  "login-wall": { outcome: "error", transient: false, text: "the host asks for a login" },
  "bot-wall": { outcome: "error", transient: false, text: "the host shows a check for robots" },
  "truncated": {
    outcome: "error",
    transient: true,
    text: "the body ended before its announced or structural end",
  },
  "too-large": { outcome: "error", transient: false, text: "the body is larger than network.max_bytes" },
  "too-small": { outcome: "error", transient: false, text: "the body is too small to be a PDF" },
  "bad-pdf": { outcome: "error", transient: false, text: "the PDF's structure is broken" },
  "redirect-loop": {
    outcome: "error",
    transient: false,
    text: "a redirect led back to a URL already visited",
  },
  "too-many-redirects": {
    outcome: "error",
    transient: false,
    text: "more redirects than network.max_redirects",
  },
  "bad-url": {
    outcome: "error",
    transient: false,
    text: "the URL cannot be used: scheme, credentials or syntax",
  },
  "timeout": {
    outcome: "error",
    transient: true,
    text: "connecting, the first byte, the next byte or the whole took too long",
  },
  "connect-failed": { outcome: "error", transient: true, text: "no connection could be made, or it broke" },
  "tls-failed": { outcome: "error", transient: true, text: "the TLS handshake failed" },
  "http-4xx": { outcome: "error", transient: false, text: "the host answered with a 4xx status" },
  "http-5xx": { outcome: "error", transient: true, text: "the host answered with a 5xx status" },
  "rate-limited": { outcome: "error", transient: true, text: "the host kept refusing requests by rate" },
  "resolver-failed": { outcome: "error", transient: true, text: "a resolver failed" },
  "store-failed": { outcome: "error", transient: true, text: "the file could not be written" },
  "bad-input": { outcome: "error", transient: false, text: "the identifier cannot be used" },
  "attempts-exhausted": { outcome: "error", transient: false, text: "the job's worker died too many times" },
} as const satisfies Record<string, ReasonMeaning>;

/** A stable code that says why. */
export type Reason = keyof typeof REASONS;

/** Whether `text` is a reason code. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text);
}
