import { portOf } from "./host_pattern.ts";

/** One request as it goes out. */
export interface Sending {
  readonly url: URL;
  readonly headers: Headers;
  /** The vetted addresses of the URL's host, in the order in which to try them. */
  readonly addresses: readonly string[];
  /** Whether the host is a name that resolved to these, not an address itself. */
  readonly named: boolean;
  readonly signal: AbortSignal;
}

/** Makes connections. The only place in the program that calls `fetch`. */
export class Transport implements Disposable {
  readonly #pin: boolean;
  readonly #client: Deno.HttpClient;

  /**
   * @param pin Whether plain HTTP goes to the very address that was vetted, whatever the name resolves to a moment
   * later. Not with a net permission that is scoped to names: Deno would refuse the address.
   * @param caCerts Certificates in PEM form that are trusted beside the system's.
   */
  constructor(pin: boolean, caCerts: readonly string[]) {
    this.#pin = pin;
    // HTTP/2 with reused connections can stall for ever (denoland/deno#21749).
    this.#client = Deno.createHttpClient({ http2: false, allowHost: true, caCerts: [...caCerts] });
  }

  /** Sends a GET request, once; the body of the answer has to be read or cancelled. */
  async send({ url, headers, addresses, named, signal }: Sending): Promise<Response> {
    // TLS proves the host's name by its certificate, so a name that was bound to another address fails there. Plain
    // HTTP proves nothing: there the URL carries the address, and the Host field the name.
    if (!this.#pin || !named || url.protocol !== "http:") return await this.#fetch(url, headers, signal);
    const pinnedHeaders = new Headers(headers);
    pinnedHeaders.set("host", url.host);
    for (const [index, address] of addresses.entries()) {
      const authority = address.includes(":") ? `[${address}]` : address;
      const pinned = new URL(`http://${authority}:${portOf(url)}${url.pathname}${url.search}`);
      try {
        return await this.#fetch(pinned, pinnedHeaders, signal);
      } catch (error) {
        // Nothing was sent, so the next address is asked as a browser would.
        if (index === addresses.length - 1 || !isConnectError(error)) throw error;
      }
    }
    throw new TypeError(`Cannot connect to "${url.host}": it has no address`);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #fetch(url: URL, headers: Headers, signal: AbortSignal): Promise<Response> {
    return fetch(url, { client: this.#client, headers, redirect: "manual", signal });
  }
}

function isConnectError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return `${error.message} ${error.cause instanceof Error ? error.cause.message : ""}`.includes("(Connect)");
}
