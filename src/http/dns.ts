/**
 * Which addresses a host name has.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import type { Clock } from "../model/ports.ts";

/**
 * Finds all addresses of a host name, as text; rejects if it has none. Tests hand in one of their own, so that a name
 * can resolve to a private address, or to another one each time.
 */
export type LookupAddresses = (host: string) => Promise<readonly string[]>;

/** Options of {@linkcode createDnsCache}. */
export interface DnsCacheOptions {
  readonly clock: Clock;
  /** @default {the system's resolver} */
  readonly lookup?: LookupAddresses;
  /**
   * How long an answer is good for. The system's resolver tells no time to live, so it is short.
   *
   * @default {30_000}
   */
  readonly ttlMs?: number;
  /** @default {4096} */
  readonly maxEntries?: number;
}

/** Asks the system's resolver, which also reads the hosts file; works under a net permission for that host only. */
export async function lookupAddresses(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Wraps a lookup so that a host is asked for once per `ttlMs`, and once at a time. Failures are not kept.
 */
export function createDnsCache(options: DnsCacheOptions): LookupAddresses {
  const { clock, lookup = lookupAddresses, ttlMs = 30_000, maxEntries = 4096 } = options;
  const entries = new Map<
    string,
    { readonly until: number; readonly addresses: Promise<readonly string[]> }
  >();
  return (host) => {
    const known = entries.get(host);
    if (known !== undefined && clock.now() < known.until) return known.addresses;
    const entry = { until: clock.now() + ttlMs, addresses: lookup(host) };
    entries.delete(host);
    entries.set(host, entry);
    const oldest = entries.keys().next();
    if (entries.size > maxEntries && !oldest.done) entries.delete(oldest.value);
    entry.addresses.catch(() => {
      if (entries.get(host) === entry) entries.delete(host);
    });
    return entry.addresses;
  };
}
