/**
 * The entries of `network.allow_net` and `network.allow_private`.
 *
 * @module
 */

import { InputError } from "../model/errors.ts";
import { type Address, type AddressRange, inRange, parseAddressRange } from "./address.ts";

/** One entry: which hosts it names and, if it says so, at which port only. */
export interface HostPattern {
  readonly names:
    | { readonly type: "host"; readonly host: string }
    | { readonly type: "suffix"; readonly suffix: string }
    | { readonly type: "range"; readonly range: AddressRange };
  /** `null` means every port. */
  readonly port: number | null;
}

/**
 * Reads a host name, `*.suffix`, address or CIDR range, each with an optional `:port` (an IPv6 address with a
 * port stands in brackets).
 *
 * @param setting Name of the setting that holds the entry, for the error.
 * @throws {InputError} If `text` is none of these.
 */
export function parseHostPattern(text: string, setting: string): HostPattern {
  const whole = parseAddressRange(text);
  if (whole !== null) return { names: { type: "range", range: whole }, port: null };
  const match = /^(\[[^\]]*\](?:\/\d+)?|[^:]+)(?::(\d{1,5}))?$/.exec(text.trim());
  const port = match?.[2] === undefined ? null : Number(match[2]);
  const hostText = match?.[1] ?? "";
  const range = parseAddressRange(hostText.replace(/[[\]]/g, ""));
  const names = range === null ? parseName(hostText) : { type: "range", range } as const;
  if (names === null || (port !== null && (port < 1 || port > 65535))) {
    throw new InputError(
      `Cannot read ${setting}: "${text}" is not a host name, "*.suffix", address or CIDR range with an optional ":port"`,
    );
  }
  return { names, port };
}

/** Whether `pattern` names the host `host` (as {@linkcode canonicalHost} gives it) at `port`. */
export function matchesHost(
  pattern: HostPattern,
  host: string,
  port: number,
  literal: Address | null,
): boolean {
  if (pattern.port !== null && pattern.port !== port) return false;
  switch (pattern.names.type) {
    case "host":
      return pattern.names.host === host;
    case "suffix":
      return host.endsWith(pattern.names.suffix);
    case "range":
      return literal !== null && inRange(literal, pattern.names.range);
  }
}

/** Whether `pattern` is a range that holds `address`, at `port`. */
export function matchesAddress(pattern: HostPattern, address: Address, port: number): boolean {
  return pattern.names.type === "range" && (pattern.port === null || pattern.port === port) &&
    inRange(address, pattern.names.range);
}

/** The URL's host in one spelling: without brackets and without the root's dot at the end. */
export function canonicalHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

/** The port that a connection for `url` goes to. */
export function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}

function parseName(text: string): HostPattern["names"] | null {
  const isSuffix = text.startsWith("*.");
  const name = isSuffix ? text.slice(2) : text;
  // The URL parser knows what a host name is, and gives its one spelling (lower case, IDNA).
  const url = URL.parse(`http://${name}/`);
  if (url === null || /[/?#@\\*:\s]/.test(name)) return null;
  const host = canonicalHost(url);
  return isSuffix ? { type: "suffix", suffix: `.${host}` } : { type: "host", host };
}
