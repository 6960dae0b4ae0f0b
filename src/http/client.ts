/**
 * The HTTP client: the only place in the program that opens connections.
 *
 * @module
 */

import { createDnsCache } from "./dns.ts";
import { Exchange } from "./_exchange.ts";
import type { HttpClient, HttpClientOptions } from "./http_client.ts";
import { Transport } from "./_transport.ts";

/**
 * Makes a client. Dispose it when all bodies have ended.
 *
 * @throws {RangeError} If a number is out of bounds.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { maxRedirects = 10, maxBytes = 512 * 1024 * 1024 } = options;
  for (const [name, value] of Object.entries({ maxRedirects, maxBytes, ...options.timeouts })) {
    if (!(value >= 0)) throw new RangeError(`Cannot make an HTTP client: ${name} is ${value}, not 0 or more`);
  }
  const transport = new Transport(options.pin ?? true, options.caCerts ?? []);
  const lookup = createDnsCache({ clock: options.clock, ...(options.lookup && { lookup: options.lookup }) });
  const parts = { ...options, maxRedirects, maxBytes, lookup, transport };
  let deniedTold = false;
  return {
    async get(url, request) {
      const result = await new Exchange(parts, request).get(url);
      // Works end by it like by the operator's list of hosts; only here does anybody learn which flag it was.
      if (!deniedTold && result.type === "refused" && result.deniedByDeno) {
        deniedTold = true;
        options.logger.warn("Deno's own flags forbid a host; this is said once a run", {
          detail: result.detail,
        });
      }
      return result;
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}
