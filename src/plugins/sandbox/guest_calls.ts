/**
 * The calls' side of the bridge inside the guest.
 *
 * {@link installCalls} never runs here: its source text is evaluated in QuickJS, so it must stand alone and use
 * nothing but its parameters and ES2023.
 *
 * @module
 */

import type { PluginResponse, ResolverPlugin, SettingsDeclaration } from "../api.ts";
import type { AskWorker } from "./guest_globals.ts";
import type { FetchSettlement, Granted } from "./messages.ts";

/** What the worker may call in a guest; every argument and result is a number or JSON text. */
export interface GuestEntries {
  /** Takes the module's exports and gives the manifest. */
  adopt(exports: unknown): string;
  /** Starts `resolve`; `input` is JSON of `[artifact, settings]`. */
  call(call: number, input: string): void;
  /** Settles a fetch; `result` is JSON of a {@link FetchSettlement}. */
  settle(call: number, fetch: number, result: string): void;
  /** Forgets the fetches of a call, so that what waits for them can be freed. */
  drop(call: number): void;
  /** Reduces anything thrown to JSON of name, message and stack. */
  describe(thrown: unknown): string;
}

/** Builds the guest's entries around `askWorker`, and defines `console`. */
export function installCalls(askWorker: AskWorker): GuestEntries {
  // Kept before the plugin runs: what it does to its built-ins must not reach the bridge.
  const { parse, stringify } = JSON;
  const { freeze, keys } = Object;
  const GuestPromise = Promise;
  const ask = (op: string, ...args: readonly unknown[]) => parse(askWorker(op, stringify(args)));
  const waiting = new Map<string, (settlement: FetchSettlement) => void>();
  let plugin: ResolverPlugin | undefined;
  // `console` knows no call: its lines count for the one that was entered last.
  let currentCall = 0;

  const describe = (thrown: unknown): string => {
    try {
      if (thrown instanceof Error) {
        return stringify({
          name: String(thrown.name),
          message: String(thrown.message).slice(0, 2000),
          stack: String(thrown.stack).slice(0, 4000),
        });
      }
      const shown = typeof thrown === "object" && thrown !== null ? stringify(thrown) : String(thrown);
      return stringify({ name: "", message: String(shown).slice(0, 2000), stack: "" });
    } catch {
      return stringify({ name: "", message: "something that cannot be turned into text", stack: "" });
    }
  };

  const show = (value: unknown): string => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    try {
      return stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  };

  const logTo = (call: number, level: string) => (...values: readonly unknown[]) => {
    // Cut already here, so that a flood of long lines is not copied out first; the worker cuts to the bound.
    ask("log", call, level, values.map(show).join(" ").slice(0, 10_000));
  };
  const logOf = (call: number) =>
    Object.assign(logTo(call, "info"), {
      debug: logTo(call, "debug"),
      info: logTo(call, "info"),
      warn: logTo(call, "warn"),
      error: logTo(call, "error"),
    });

  const toConsole = (level: string) => (...values: readonly unknown[]) =>
    logTo(currentCall, level)(...values);
  Object.defineProperty(globalThis, "console", {
    value: {
      log: toConsole("info"),
      info: toConsole("info"),
      debug: toConsole("debug"),
      warn: toConsole("warn"),
      error: toConsole("error"),
    },
    writable: true,
    configurable: true,
  });

  /** Which fetch a response came from, so that its body can be read where it lies. */
  const fetches = new WeakMap<object, { readonly call: number; readonly fetch: number }>();

  const grantedOrThrow = <Value>(granted: Granted<Value>): Value => {
    if ("refused" in granted) throw new RangeError(granted.refused);
    return granted.value;
  };

  const responseOf = (
    call: number,
    fetch: number,
    answer: Exclude<FetchSettlement, { readonly refused: string }>,
  ) => {
    let body: string | undefined;
    const text = () => body ??= grantedOrThrow<string>(ask("body", call, fetch));
    const response: PluginResponse = freeze({
      status: answer.status,
      url: answer.url,
      headers: freeze(answer.headers),
      wall: answer.wall ?? null,
      text,
      json: () => {
        const json = text();
        try {
          return parse(json);
        } catch {
          throw new SyntaxError(
            `Cannot read the answer of status ${answer.status} as JSON: it begins with ${
              stringify(json.slice(0, 60))
            }`,
          );
        }
      },
    });
    fetches.set(response, { call, fetch });
    return response;
  };

  const fetchOf = (call: number) => (url: unknown, init?: { readonly headers?: Record<string, unknown> }) =>
    new GuestPromise((resolve, reject) => {
      const headers: Record<string, string> = {};
      for (const name of keys(init?.headers ?? {})) headers[name] = String(init?.headers?.[name]);
      const started = ask("fetch", call, { url: String(url), headers });
      if ("refused" in started) return reject(new TypeError(started.refused));
      waiting.set(`${call}/${started.fetch}`, (settlement) => {
        if ("refused" in settlement) reject(new TypeError(settlement.refused));
        else resolve(responseOf(call, started.fetch, settlement));
      });
    });

  const markup = (op: string) => (source: unknown) => {
    const from = typeof source === "object" && source !== null ? fetches.get(source) : undefined;
    const read = from ? ask(op, { call: from.call, fetch: from.fetch }) : ask(op, String(source));
    if (read.refused !== undefined) throw new SyntaxError(read.refused);
    return read.value;
  };

  return {
    describe,
    adopt(exports) {
      if (exports instanceof GuestPromise) {
        throw new TypeError("Cannot load the plugin: its top level awaits something");
      }
      const found = (exports as { readonly default?: unknown }).default; // a module's exports are an object
      if (typeof found !== "object" || found === null) {
        throw new TypeError("Cannot load the plugin: it has no default export that is an object");
      }
      plugin = found as ResolverPlugin<SettingsDeclaration>; // each field is validated by the host
      if (typeof plugin.resolve !== "function") {
        throw new TypeError(
          "Cannot load the plugin: its default export has no function resolve(artifact, ctx)",
        );
      }
      return stringify(plugin);
    },
    call(call, input) {
      currentCall = call;
      const [artifact, settings] = parse(input);
      const ctx = freeze({
        settings: freeze(settings),
        fetch: fetchOf(call),
        log: logOf(call),
        html: markup("html"),
        xml: markup("xml"),
      });
      const run = async () => {
        try {
          if (!plugin) throw new TypeError("Cannot call the plugin: it is not loaded");
          const answer = await plugin.resolve(artifact, ctx as Parameters<ResolverPlugin["resolve"]>[1]);
          ask("answered", call, stringify(answer) ?? "null");
        } catch (thrown) {
          ask("threw", call, describe(thrown));
        }
      };
      // Not awaited and without `catch`: nothing in it can reject but a bridge that is about to be thrown away.
      run();
    },
    settle(call, fetch, result) {
      currentCall = call;
      const key = `${call}/${fetch}`;
      const settle = waiting.get(key);
      waiting.delete(key);
      settle?.(parse(result));
    },
    drop(call) {
      for (const key of [...waiting.keys()]) if (key.startsWith(`${call}/`)) waiting.delete(key);
    },
  };
}
