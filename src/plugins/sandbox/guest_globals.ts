/**
 * The web's globals inside the guest.
 *
 * {@link installGlobals} never runs here: its source text is evaluated in QuickJS, so it must stand alone and use
 * nothing but its parameter and ES2023. What is hard to get right (URL parsing, UTF-8) is asked of the worker.
 *
 * @module
 */

/** Asks the worker to do `op` with JSON arguments; gives JSON. The only way out of a guest. */
export type AskWorker = (op: string, json: string) => string;

/** The parts of a URL as the worker states them. */
export interface UrlParts {
  readonly href: string;
  readonly origin: string;
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
}

/** Defines `URL`, `URLSearchParams`, `TextEncoder`, `TextDecoder`, `atob`, `btoa` on the guest's global object. */
export function installGlobals(askWorker: AskWorker): void {
  // Kept before the plugin runs: what it does to its built-ins must not reach the bridge.
  const { parse, stringify } = JSON;
  const ask = (op: string, ...args: readonly unknown[]) => parse(askWorker(op, stringify(args)));

  class GuestURLSearchParams {
    #pairs: [string, string][];
    #changed: (() => void) | undefined;

    constructor(init: unknown = "") {
      if (typeof init === "object" && init !== null) {
        const entries = Symbol.iterator in init
          ? [...(init as Iterable<[unknown, unknown]>)] // anything iterable is taken as pairs, as the web does
          : Object.entries(init);
        this.#pairs = entries.map(([name, value]) => [String(name), String(value)]);
      } else {
        this.#pairs = ask("params-read", String(init));
      }
    }

    static linked(search: string, changed: (text: string) => void): GuestURLSearchParams {
      const params = new GuestURLSearchParams(search);
      params.#changed = () => changed(params.toString());
      return params;
    }

    get size(): number {
      return this.#pairs.length;
    }
    append(name: unknown, value: unknown): void {
      this.#pairs.push([String(name), String(value)]);
      this.#changed?.();
    }
    delete(name: unknown): void {
      this.#pairs = this.#pairs.filter((pair) => pair[0] !== String(name));
      this.#changed?.();
    }
    get(name: unknown): string | null {
      return this.#pairs.find((pair) => pair[0] === String(name))?.[1] ?? null;
    }
    getAll(name: unknown): string[] {
      return this.#pairs.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]);
    }
    has(name: unknown): boolean {
      return this.#pairs.some((pair) => pair[0] === String(name));
    }
    set(name: unknown, value: unknown): void {
      const found = this.#pairs.find((pair) => pair[0] === String(name));
      if (!found) return this.append(name, value);
      found[1] = String(value);
      this.#pairs = this.#pairs.filter((pair) => pair === found || pair[0] !== String(name));
      this.#changed?.();
    }
    sort(): void {
      this.#pairs.sort(([one], [other]) => one < other ? -1 : one > other ? 1 : 0);
      this.#changed?.();
    }
    forEach(callback: (value: string, name: string, params: unknown) => void): void {
      for (const [name, value] of this.#pairs) callback(value, name, this);
    }
    *entries(): Generator<[string, string]> {
      for (const [name, value] of this.#pairs) yield [name, value];
    }
    *keys(): Generator<string> {
      for (const [name] of this.#pairs) yield name;
    }
    *values(): Generator<string> {
      for (const [, value] of this.#pairs) yield value;
    }
    [Symbol.iterator](): Generator<[string, string]> {
      return this.entries();
    }
    toString(): string {
      return ask("params-write", this.#pairs);
    }
  }

  class GuestURL {
    #parts: UrlParts;
    #params: GuestURLSearchParams | undefined;

    constructor(url: unknown, base?: unknown) {
      const parts = ask("url-read", String(url), base === undefined ? null : String(base));
      if (!parts) throw new TypeError(`Invalid URL: '${String(url).slice(0, 200)}'`);
      this.#parts = parts;
    }

    static canParse(url: unknown, base?: unknown): boolean {
      return ask("url-read", String(url), base === undefined ? null : String(base)) !== null;
    }
    static parse(url: unknown, base?: unknown): GuestURL | null {
      return GuestURL.canParse(url, base) ? new GuestURL(url, base) : null;
    }
    get origin(): string {
      return this.#parts.origin;
    }
    get searchParams(): GuestURLSearchParams {
      this.#params ??= GuestURLSearchParams.linked(this.#parts.search, (text) => {
        this.#parts = ask("url-set", this.#parts.href, "search", text);
      });
      return this.#params;
    }
    toString(): string {
      return this.#parts.href;
    }
    toJSON(): string {
      return this.#parts.href;
    }
    static {
      const names = [
        "href",
        "protocol",
        "username",
        "password",
        "host",
        "hostname",
        "port",
        "pathname",
        "search",
        "hash",
      ] as const;
      for (const name of names) {
        Object.defineProperty(GuestURL.prototype, name, {
          configurable: true,
          enumerable: true,
          get(this: GuestURL) {
            return this.#parts[name];
          },
          set(this: GuestURL, value: unknown) {
            const parts = ask("url-set", this.#parts.href, name, String(value));
            if (!parts) throw new TypeError(`Invalid URL: '${String(value).slice(0, 200)}'`);
            this.#parts = parts;
            this.#params = undefined;
          },
        });
      }
    }
  }

  // Bytes cross as text with one character a byte, because only JSON crosses.
  const bytesOf = (binary: string) => Uint8Array.from(binary, (char) => char.charCodeAt(0));
  const binaryOf = (bytes: Uint8Array) => {
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return binary;
  };

  class GuestTextEncoder {
    readonly encoding = "utf-8";
    encode(text: unknown = ""): Uint8Array {
      return bytesOf(ask("utf8-encode", String(text)));
    }
  }

  class GuestTextDecoder {
    readonly encoding = "utf-8";
    constructor(label: unknown = "utf-8") {
      const name = String(label).trim().toLowerCase();
      if (name !== "utf-8" && name !== "utf8") {
        throw new RangeError(`Cannot decode "${name.slice(0, 50)}": only utf-8 is supported`);
      }
    }
    decode(bytes?: ArrayBuffer | ArrayBufferView): string {
      if (bytes === undefined) return "";
      const view = ArrayBuffer.isView(bytes)
        ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        : new Uint8Array(bytes);
      return ask("utf8-decode", binaryOf(view));
    }
  }

  const base64 = (op: string) => (text: unknown) => {
    const result = ask(op, String(text));
    if (result === null) {
      throw new TypeError("Cannot code as base64: the text holds a character that is out of range");
    }
    return result;
  };

  const globals: Record<string, unknown> = {
    URL: GuestURL,
    URLSearchParams: GuestURLSearchParams,
    TextEncoder: GuestTextEncoder,
    TextDecoder: GuestTextDecoder,
    atob: base64("atob"),
    btoa: base64("btoa"),
  };
  for (const [name, value] of Object.entries(globals)) {
    if (typeof value === "function") {
      Object.defineProperty(value, "name", { value: name, configurable: true });
    }
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}
