/**
 * Which requests a plugin may send.
 *
 * @module
 */

import { z } from "zod";
import type { ResolverRequest } from "../model/resolver.ts";

/** Header fields that are the client's own (RFC 9110 §7.6.1, RFC 9112) or would let a plugin pass for another. */
const OWN_HEADERS =
  /^(?:accept-encoding|connection|content-length|cookie|host|keep-alive|range|te|trailer|transfer-encoding|upgrade|user-agent|via|proxy-.*|sec-.*)$/;
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const MAX_URL_CHARS = 8_192;

const request = z.object({ url: z.string(), headers: z.record(z.string(), z.string()).default({}) });

/**
 * Checks a request as it came from a guest.
 *
 * @param asked Its URL and headers. A plugin can make the bridge send anything at all, by a `toJSON` of a prototype.
 * @param hosts Those that the plugin may ask: see {@linkcode isDeclaredHost}.
 * @returns The request to be sent, or a sentence that says why it is refused.
 */
export function checkRequest(
  asked: unknown,
  hosts: readonly string[],
): ResolverRequest | { readonly refused: string } {
  const refuse = (what: string, why: string) => ({ refused: `Cannot fetch ${what}: ${why}` });
  const read = request.safeParse(asked);
  if (!read.success) return refuse("anything", "what was asked for is no request");
  const { url: given, headers: fields } = read.data;
  const url = given.length > MAX_URL_CHARS ? null : URL.parse(given);
  if (!url || !/^https?:$/.test(url.protocol)) {
    return refuse(JSON.stringify(given.slice(0, 200)), "it is no absolute http or https URL");
  }
  if (url.username || url.password) return refuse(`from "${url.host}"`, "the URL holds credentials");
  if (!isDeclaredHost(url, hosts)) {
    return refuse(`from "${url.host}"`, "the plugin does not declare this host");
  }
  const headers: Record<string, string> = {};
  for (const [given, value] of Object.entries(fields)) {
    const name = given.toLowerCase();
    if (!TOKEN.test(name)) {
      return refuse(`from "${url.host}"`, `${JSON.stringify(given)} is no header's name`);
    }
    if (OWN_HEADERS.test(name)) {
      return refuse(`from "${url.host}"`, `the header "${name}" is not a plugin's to set`);
    }
    if (/[\0\r\n]/.test(value)) {
      return refuse(`from "${url.host}"`, `the header "${name}" holds a line break`);
    }
    headers[name] = value;
  }
  return { url: url.href, ...(Object.keys(headers).length > 0 ? { headers } : {}) };
}

/**
 * Whether a URL's host is one of those that a plugin declares.
 *
 * @param hosts `api.example.org`, `*.example.org` (all below, not itself) or `*`; with `:port` where the port is not
 * the scheme's own.
 */
export function isDeclaredHost(url: URL, hosts: Iterable<string>): boolean {
  for (const declared of hosts) {
    if (declared === "*" || declared === url.host) return true;
    if (declared.startsWith("*.") && url.host.endsWith(declared.slice(1))) return true;
  }
  return false;
}
