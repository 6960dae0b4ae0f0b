/**
 * Which URLs and which addresses the program may connect to.
 *
 * @module
 */

import { type Address, facesOf, formatAddress, parseAddress, specialUseOf } from "./address.ts";
import {
  canonicalHost,
  type HostPattern,
  matchesAddress,
  matchesHost,
  parseHostPattern,
  portOf,
} from "./host_pattern.ts";
import { withoutQuery } from "./_failure.ts";
import type { Refused } from "./http_result.ts";

/** What the operator allows. */
export interface UrlPolicyOptions {
  /**
   * Hosts that may be contacted: `host`, `host:port`, `*.suffix`, addresses and ranges; empty means every public host.
   *
   * @default {[]}
   */
  readonly allowNet?: readonly string[];
  /**
   * Addresses, CIDR ranges and host names, each with an optional `:port`, that may be contacted although they are
   * private, loopback or reserved. A listed name is trusted with every address it resolves to.
   *
   * @default {[]}
   */
  readonly allowPrivate?: readonly string[];
}

/** Decides on URLs and on the addresses that their hosts resolve to. */
export interface UrlPolicy {
  /**
   * Decides on what the URL itself says: syntax, scheme, credentials, host. It is decided on the *parsed* URL, so
   * that every spelling of a host is one host.
   */
  checkUrl(text: string): { readonly type: "allowed"; readonly url: URL } | Refused;
  /**
   * Decides on where the connection would go; one forbidden address among several refuses them all, since which
   * one is dialled is not ours to choose everywhere.
   *
   * @param addresses All addresses of the URL's host, as text.
   */
  checkAddresses(url: URL, addresses: readonly string[]): Refused | null;
}

/**
 * Makes a policy of the operator's settings.
 *
 * @throws {InputError} If an entry cannot be read.
 */
export function createUrlPolicy({ allowNet = [], allowPrivate = [] }: UrlPolicyOptions): UrlPolicy {
  const net = allowNet.map((text) => parseHostPattern(text, "network.allow_net"));
  const trusted = allowPrivate.map((text) => parseHostPattern(text, "network.allow_private"));
  return {
    checkUrl: (text) => checkUrl(text, net),
    checkAddresses(url, addresses) {
      const host = canonicalHost(url);
      const port = portOf(url);
      if (trusted.some((pattern) => matchesHost(pattern, host, port, null))) return null;
      for (const text of addresses) {
        const why = whyForbidden(text, port, trusted);
        if (why !== null) return refused("private-address", url, `"${host}" is ${why}`);
      }
      return addresses.length > 0 ? null : refused("private-address", url, `"${host}" has no address`);
    },
  };
}

function checkUrl(text: string, net: readonly HostPattern[]): { type: "allowed"; url: URL } | Refused {
  // The URL parser drops tabs and line breaks wherever they stand; what was checked would not be what was written.
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) {
    return refused("bad-url", JSON.stringify(text), "a control character is in it");
  }
  const url = URL.parse(text);
  if (url === null) return refused("bad-url", text, "it is not an absolute URL");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return refused("bad-url", text, `scheme "${url.protocol}" is neither http nor https`);
  }
  if (url.username !== "" || url.password !== "") {
    url.username = url.password = "";
    return refused("bad-url", url, "credentials are in it");
  }
  const host = canonicalHost(url);
  if (host === "") return refused("bad-url", text, "it has no host");
  const literal = parseAddress(host);
  if (net.length > 0 && !net.some((pattern) => matchesHost(pattern, host, portOf(url), literal))) {
    return refused("host-not-allowed", url, `"${url.host}" is not in network.allow_net`);
  }
  return { type: "allowed", url };
}

function whyForbidden(text: string, port: number, trusted: readonly HostPattern[]): string | null {
  const address = parseAddress(text);
  if (address === null) return `at "${text}", which is no address`;
  const isTrusted = (face: Address) => trusted.some((pattern) => matchesAddress(pattern, face, port));
  for (const face of facesOf(address)) {
    const use = specialUseOf(face);
    if (use !== null && !isTrusted(face)) return `at ${formatAddress(face)} (${use})`;
  }
  return null;
}

function refused(reason: Refused["reason"], url: URL | string, why: string): Refused {
  const [text, shown] = typeof url === "string"
    ? [url, url.replace(/\?.*/s, "")]
    : [url.href, withoutQuery(url)];
  return { type: "refused", reason, url: text, detail: `Cannot open ${shown}: ${why}` };
}
