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
  return {
    get: (url, request) => new Exchange(parts, request).get(url),
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}
