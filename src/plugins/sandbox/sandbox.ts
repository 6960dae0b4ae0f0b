/**
 * The host's side of the sandbox.
 *
 * @module
 */

import type { Clock } from "../../model/ports.ts";
import type { BoundBroken, SandboxBounds } from "./bounds.ts";
import type { OpenGuestHost } from "./guest_host.ts";
import { hintGarbage } from "./hint_garbage.ts";
import type { FetchSettlement, FromWorker, GuestError } from "./messages.ts";
import { RunningWorker } from "./running_worker.ts";

/** The guest is gone: `broke` if it broke a bound itself, `bystander` if another guest took the worker down. */
export interface Lost {
  readonly type: "lost";
  readonly by: "broke" | "bystander" | "closed";
  readonly detail: string;
}

/** What loading a plugin came to. */
export type LoadEnd =
  | { readonly type: "loaded"; readonly manifest: unknown }
  | { readonly type: "not-loaded"; readonly error: GuestError }
  | Lost;

/** What one call came to; `answered` gives JSON text that is not validated yet. */
export type CallEnd =
  | { readonly type: "answered"; readonly json: string }
  | { readonly type: "threw"; readonly error: GuestError }
  | Lost;

/** What a guest's fetch came to. */
export type FetchResult =
  | Exclude<FetchSettlement, { readonly refused: string }> & { readonly body: string }
  | { readonly refused: string };

/** One call of a guest. */
export interface CallRequest {
  /** JSON of `[artifact, settings]`. */
  readonly input: string;
  /** Performs a fetch; `undefined` leaves the guest waiting, for a call that is about to be dropped. */
  fetch(request: unknown): Promise<FetchResult | undefined>;
  log(level: "debug" | "info" | "warn" | "error", text: string): void;
}

/** A call under way. */
export interface RunningCall {
  readonly ended: Promise<CallEnd>;
  /** Abandons the call; `ended` then stays open. */
  drop(): void;
}

/** Options of {@link Sandbox}. */
export interface SandboxOptions {
  readonly bounds: SandboxBounds;
  readonly clock: Clock;
  /** Starts the worker. @default as a child of this thread */
  readonly openHost?: OpenGuestHost | undefined;
  /** Told once for each time that `plugin` breaks a bound. */
  onBroke(plugin: string, bound: BoundBroken, detail: string): void;
}

const CLOSED = "the sandbox was closed";

interface OpenCall {
  readonly plugin: string;
  readonly request: CallRequest;
  end(end: CallEnd): void;
}

/**
 * One worker and the guests in it.
 *
 * It is *down* at first; the first `load` starts the worker. It goes down again when the worker fails, is ended by
 * its watch, has lost its last guest, or is *closed*, then for good: every load and call under way then ends as lost, and guests must
 * be loaded anew.
 */
export class Sandbox implements Disposable {
  readonly #options: SandboxOptions;
  readonly #loads = new Map<string, (end: LoadEnd) => void>();
  readonly #calls = new Map<number, OpenCall>();
  readonly #loaded = new Set<string>();
  #worker: RunningWorker | undefined;
  #lastCall = 0;
  #closed = false;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  /** Whether a guest of this plugin is there to be called. */
  isLoaded(plugin: string): boolean {
    return this.#loaded.has(plugin);
  }

  /** Makes a guest of a source; one of the same name must not be loaded. */
  async load(plugin: string, file: string, source: string): Promise<LoadEnd> {
    if (this.#closed) return { type: "lost", by: "closed", detail: CLOSED };
    const worker = this.#worker ??= this.#start();
    const ended = new Promise<LoadEnd>((resolve) => this.#loads.set(plugin, resolve));
    await worker.ready;
    worker.send({ type: "load", plugin, file, source, bounds: this.#options.bounds });
    return await ended;
  }

  /** Starts a call of a loaded guest. */
  call(plugin: string, request: CallRequest): RunningCall {
    if (!this.#loaded.has(plugin)) throw new TypeError(`Cannot call plugin "${plugin}": it is not loaded`);
    const call = ++this.#lastCall;
    const ended = new Promise<CallEnd>((end) => this.#calls.set(call, { plugin, request, end }));
    this.#worker?.send({ type: "call", plugin, call, input: request.input });
    const drop = () => {
      if (this.#calls.delete(call)) this.#worker?.send({ type: "drop", plugin, call });
    };
    return { ended, drop };
  }

  /** Throws the guest of a plugin away. */
  unload(plugin: string): void {
    this.#worker?.forget(plugin);
    if (this.#loaded.delete(plugin)) this.#worker?.send({ type: "unload", plugin });
  }

  /** Ends the worker and with it every guest. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#goDown(undefined, CLOSED);
  }

  #start(): RunningWorker {
    const { bounds, clock, openHost, onBroke } = this.#options;
    return new RunningWorker({
      bounds,
      clock,
      openHost,
      onMessage: (message) => this.#receive(message),
      onEnd: (culprit, bound, detail) => {
        this.#goDown(culprit, detail);
        if (culprit !== undefined) onBroke(culprit, bound, detail);
      },
    });
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "loaded":
        this.#loaded.add(message.plugin);
        return this.#endLoad(message.plugin, { type: "loaded", manifest: JSON.parse(message.manifest) });
      case "not-loaded":
        this.#worker?.forget(message.plugin);
        return this.#endLoad(message.plugin, message);
      case "fetch":
        return void this.#fetch(message);
      case "log":
        return this.#calls.get(message.call)?.request.log(message.level, message.text);
      case "answered":
        return this.#endCall(message.call, { type: "answered", json: message.answer });
      case "threw":
        return this.#endCall(message.call, { type: "threw", error: message.error });
      case "broke":
        return this.#lose(message.plugin, message.bound, message.detail);
    }
  }

  async #fetch({ call, fetch, request }: FromWorker & { readonly type: "fetch" }): Promise<void> {
    const open = this.#calls.get(call);
    const result = await open?.request.fetch(JSON.parse(request));
    if (!open || result === undefined || !this.#calls.has(call)) return;
    const { body = "", ...settlement }: Partial<FetchResult & { readonly body: string }> = result;
    const { plugin } = open;
    this.#worker?.send({ type: "settle", plugin, call, fetch, result: JSON.stringify(settlement), body });
  }

  #endLoad(plugin: string, end: LoadEnd): void {
    const resolve = this.#loads.get(plugin);
    this.#loads.delete(plugin);
    resolve?.(end);
  }

  #endCall(call: number, end: CallEnd): void {
    const open = this.#calls.get(call);
    this.#calls.delete(call);
    open?.end(end);
  }

  /**
   * One guest is gone; the worker and the others stay. A worker without guests is ended, because the memory of the
   * one that is gone would be freed by a garbage collection only, which an idle worker never makes.
   */
  #lose(plugin: string, bound: BoundBroken, detail: string): void {
    this.#loaded.delete(plugin);
    this.#worker?.forget(plugin);
    const lost: Lost = { type: "lost", by: "broke", detail };
    this.#endLoad(plugin, lost);
    for (const [call, open] of this.#calls) if (open.plugin === plugin) this.#endCall(call, lost);
    if (this.#loaded.size === 0 && this.#loads.size === 0) this.#goDown(undefined, detail);
    hintGarbage(this.#options.bounds.memoryBytes);
    this.#options.onBroke(plugin, bound, detail);
  }

  #goDown(culprit: string | undefined, detail: string): void {
    this.#worker?.end();
    this.#worker = undefined;
    this.#loaded.clear();
    const lostOf = (plugin: string): Lost => {
      if (culprit === undefined) return { type: "lost", by: "closed", detail };
      if (culprit === plugin) return { type: "lost", by: "broke", detail };
      return { type: "lost", by: "bystander", detail: `plugin "${culprit}" took the sandbox down` };
    };
    for (const plugin of [...this.#loads.keys()]) this.#endLoad(plugin, lostOf(plugin));
    for (const [call, open] of [...this.#calls]) this.#endCall(call, lostOf(open.plugin));
  }
}
