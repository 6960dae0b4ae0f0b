/** Whether an answer of this status sends one elsewhere, if it names a place (RFC 9110 §15.4). */
export function isRedirect(status: number, headers: Headers): boolean {
  return [301, 302, 303, 307, 308].includes(status) && headers.has("location");
}

/**
 * The URL that `location` leads to from `from`; `null` if it is none. Bytes beyond ASCII, which the fetch API gives as
 * one character each, are percent-encoded as they are, whatever their encoding was. A target without a fragment takes
 * over that of `from` (RFC 9110 §10.2.2).
 *
 * Where https leads to plain http, as many a DOI does, the same page is asked for over https, as a browser does
 * (HTTPS-First); a plain URL with a port of its own stays what it is.
 */
export function redirectTarget(
  location: string,
  from: URL,
  { allowDowngrade }: { readonly allowDowngrade: boolean },
): URL | null {
  const encoded = location.trim().replace(
    /[\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const target = URL.parse(encoded, from);
  if (target === null) return null;
  if (target.hash === "") target.hash = from.hash;
  const isDowngrade = from.protocol === "https:" && target.protocol === "http:";
  if (isDowngrade && !allowDowngrade && target.port === "") target.protocol = "https:";
  return target;
}

/** Fields that say nothing of who asks. Any other may be a credential: APIs name theirs as they like. */
const HARMLESS = new Set([
  "accept",
  // Without it Deno would ask for gzip and decode it behind our back.
  "accept-encoding",
  "accept-language",
  "range",
  "if-range",
  "user-agent",
]);

/** Of `headers`, those that may go to another origin. */
export function headersAcrossOrigins(headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => HARMLESS.has(name)));
}

/** Fields that are the connection's, or ours to decide. */
const OURS = [
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** The fields of a request: the caller's, without those that are not a caller's to set. */
export function requestHeaders(given: HeadersInit | undefined, userAgent: string): Headers {
  const headers = new Headers(given);
  for (const name of OURS) headers.delete(name);
  // Deno would decode what it asked for behind our back, past every cap.
  headers.set("accept-encoding", "identity");
  headers.set("user-agent", userAgent);
  return headers;
}
