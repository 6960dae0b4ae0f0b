import { parseAddress } from "./address.ts";
import type { LookupAddresses } from "./dns.ts";
import { failureOf } from "./_failure.ts";
import { canonicalHost } from "./host_pattern.ts";
import type { Failed, Refused } from "./http_result.ts";
import type { RequestWatch } from "./_request_watch.ts";
import type { Sending } from "./_transport.ts";
import type { UrlPolicy } from "./url_policy.ts";

/** A URL that may be opened, and where. */
export type Vetted = Pick<Sending, "url" | "addresses" | "named">;

/** What a URL is vetted with. */
export interface VettingOptions {
  readonly policy: UrlPolicy;
  readonly lookup: LookupAddresses;
  readonly connectMs: number;
  readonly watch: RequestWatch;
}

/**
 * Decides whether a URL may be opened: by itself, then by where its host is.
 *
 * @throws The caller's reason, if it was the caller who ended the request.
 */
export async function vet(text: string, options: VettingOptions): Promise<Vetted | Refused | Failed> {
  const { policy, watch } = options;
  const checked = policy.checkUrl(text);
  if (checked.type === "refused") return checked;
  const { url } = checked;
  const host = canonicalHost(url);
  const named = parseAddress(host) === null;
  let addresses: readonly string[] = [host];
  try {
    watch.signal.throwIfAborted();
    if (named) addresses = await lookUp(host, options);
  } catch (error) {
    return failureOf(error, url, watch.signal);
  }
  return policy.checkAddresses(url, addresses) ?? { url, addresses, named };
}

async function lookUp(
  host: string,
  { lookup, connectMs, watch }: VettingOptions,
): Promise<readonly string[]> {
  watch.deadline.begin(connectMs);
  try {
    return await watch.race(lookup(host));
  } catch (error) {
    // These names are loopback whether or not a resolver knows them (RFC 6761 §6.3).
    if (!watch.signal.aborted && /^(.+\.)?localhost$/.test(host)) return ["127.0.0.1"];
    throw error;
  } finally {
    watch.deadline.pause();
  }
}
