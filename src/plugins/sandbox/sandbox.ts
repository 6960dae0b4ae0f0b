/**
 * The host's side of one sandbox worker.
 *
 * @module
 */

import type { Clock } from "../../model/ports.ts";
import type { BoundBroken, SandboxBounds } from "./bounds.ts";
import { type GuestHost, type OpenGuestHost, openGuestHost } from "./guest_host.ts";
import { hintGarbage } from "./hint_garbage.ts";
import {
  type FetchSettlement,
  type FromWorker,
  type GuestError,
  readFromWorker,
  type ToWorker,
} from "./messages.ts";

/** What loading a plugin came to. */
export type LoadEnd =
  | { readonly type: "loaded"; readonly manifest: unknown }
  | { readonly type: "not-loaded"; readonly error: GuestError }
  | Lost;

/** The guest is gone: `broke` if it broke a bound itself, `bystander` if another guest took the worker down. */
export interface Lost {
  readonly type: "lost";
  readonly by: "broke" | "bystander" | "closed";
  readonly detail: string;
}

/** What one call came to; `answered` gives JSON text that is not validated yet. */
export type CallEnd =
  | { readonly type: "answered"; readonly json: string }
  | { readonly type: "threw"; readonly error: GuestError }
  | Lost;

/** One call of a guest. */
export interface CallRequest {
  /** JSON of `[artifact, settings]`. */
  readonly input: string;
  /** Performs a fetch; `undefined` leaves the guest waiting, for a call that is about to be dropped. */
  fetch(request: unknown): Promise<FetchSettlement | undefined>;
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
  /** Starts the worker. @default {@link openGuestHost} */
  readonly openHost?: OpenGuestHost | undefined;
  /** Told once for each time that `plugin` breaks a bound. */
  onBroke(plugin: string, bound: BoundBroken, detail: string): void;
}

/** What a destroyed guest, or a message that was under way, gets to show itself. */
const GRACE_MS = 500;

interface OpenCall {
  readonly plugin: string;
  readonly request: CallRequest;
  end(end: CallEnd): void;
}

interface RunningWorker {
  readonly host: GuestHost;
  /** Settles when the worker is ready to take messages; rejects never. */
  readonly ready: Promise<void>;
  sayReady(): void;
  /** Messages not yet acknowledged, oldest first, with the plugin that each concerns. */
  readonly unanswered: Map<number, string>;
  /** Memories of the guests, by plugin. */
  readonly memories: Map<string, WebAssembly.Memory>;
  /** Plugins whose memory was overwritten. */
  readonly destroyed: Set<string>;
  watchdog: Disposable | undefined;
}

/**
 * One worker and the guests in it.
 *
 * It is *down* at first; the first `load` starts the worker, which takes messages once it says that it is ready. It
 * goes down again when the worker does not react in time, fails or is closed: every load and call under way then
 * ends as lost, the plugin whose message the worker was busy with has broken a bound, and guests must be loaded
 * anew. A worker that was ended never speaks again.
 */
export class Sandbox implements Disposable {
  readonly #options: SandboxOptions;
  readonly #loads = new Map<string, (end: LoadEnd) => void>();
  readonly #calls = new Map<number, OpenCall>();
  readonly #loaded = new Set<string>();
  #running: RunningWorker | undefined;
  #lastSeq = 0;
  #lastCall = 0;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  /** Whether a guest of this plugin is there to be called. */
  isLoaded(plugin: string): boolean {
    return this.#loaded.has(plugin);
  }

  /** Makes a guest of a source; one of the same name must not be loaded. */
  async load(plugin: string, file: string, source: string): Promise<LoadEnd> {
    const running = this.#running ??= this.#start();
    const ended = new Promise<LoadEnd>((resolve) => this.#loads.set(plugin, resolve));
    await running.ready;
    if (this.#running === running) {
      this.#send({ type: "load", plugin, file, source, bounds: this.#options.bounds });
    }
    return await ended;
  }

  /** Starts a call of a loaded guest. */
  call(plugin: string, request: CallRequest): RunningCall {
    if (!this.#loaded.has(plugin)) throw new TypeError(`Cannot call plugin "${plugin}": it is not loaded`);
    const call = ++this.#lastCall;
    const ended = new Promise<CallEnd>((end) => this.#calls.set(call, { plugin, request, end }));
    this.#send({ type: "call", plugin, call, input: request.input });
    const drop = () => {
      if (this.#calls.delete(call) && this.#running) this.#send({ type: "drop", plugin, call });
    };
    return { ended, drop };
  }

  /** Throws the guest of a plugin away. */
  unload(plugin: string): void {
    this.#running?.memories.delete(plugin);
    if (this.#loaded.delete(plugin) && this.#running) this.#send({ type: "unload", plugin });
  }

  /** Ends the worker and with it every guest. */
  [Symbol.dispose](): void {
    this.#goDown(undefined, "the sandbox was closed");
  }

  #start(): RunningWorker {
    const host = (this.#options.openHost ?? openGuestHost)({
      onMessage: (data) => {
        if (this.#running === running) this.#receive(running, data);
      },
      onFailure: (text) => {
        if (this.#running === running) this.#fail("crash", `the sandbox failed: ${text}`);
      },
    });
    const { promise: ready, resolve: sayReady } = Promise.withResolvers<void>();
    const running: RunningWorker = {
      host,
      ready,
      sayReady,
      unanswered: new Map(),
      memories: new Map(),
      destroyed: new Set(),
      watchdog: undefined,
    };
    running.watchdog = this.#options.clock.setTimer(this.#options.bounds.startMs, () => {
      if (this.#running === running) {
        this.#goDown(undefined, `the sandbox did not start within ${this.#options.bounds.startMs} ms`);
      }
    });
    return running;
  }

  #send(message: DistributiveOmit<ToWorker, "seq">): void {
    const running = this.#running;
    if (!running) return;
    const seq = ++this.#lastSeq;
    running.unanswered.set(seq, message.plugin);
    if (running.unanswered.size === 1) this.#watch(running);
    running.host.post({ ...message, seq });
  }

  /**
   * Sets the time by which the worker must be through with its oldest message. What has waited for this thread to be
   * free gets a turn first; then the guest that the worker is busy with is destroyed; if that does not help, it is
   * not QuickJS that is busy, and the worker is ended.
   */
  #watch(running: RunningWorker): void {
    running.watchdog?.[Symbol.dispose]();
    running.watchdog = undefined;
    if (running.unanswered.size === 0) return;
    const { unresponsiveMs } = this.#options.bounds;
    this.#after(running, unresponsiveMs, () => {
      this.#after(running, GRACE_MS, () => {
        this.#destroyBusyGuest(running);
        this.#after(running, GRACE_MS, () => this.#fail("unresponsive", this.#busyText()));
      });
    });
  }

  #after(running: RunningWorker, delayMs: number, then: () => void): void {
    running.watchdog = this.#options.clock.setTimer(delayMs, () => {
      if (this.#running === running) then();
    });
  }

  /** Overwrites the memory under the loop, so that it traps on a pointer that leads nowhere: see `quickjs_wasm.ts`. */
  #destroyBusyGuest(running: RunningWorker): void {
    const [culprit = ""] = running.unanswered.values();
    const memory = running.memories.get(culprit);
    if (!memory) return;
    running.destroyed.add(culprit);
    new Int32Array(memory.buffer).fill(-1);
  }

  #busyText(): string {
    return `it kept the sandbox busy for ${this.#options.bounds.unresponsiveMs} ms`;
  }

  #receive(running: RunningWorker, data: unknown): void {
    const message = readFromWorker(data);
    if (!message) return this.#fail("crash", "the sandbox sent something that is no message");
    switch (message.type) {
      case "ready":
        this.#watch(running);
        return running.sayReady();
      case "done-with":
        running.unanswered.delete(message.seq);
        return this.#watch(running);
      case "loaded":
        this.#loaded.add(message.plugin);
        return this.#endLoad(message.plugin, { type: "loaded", manifest: JSON.parse(message.manifest) });
      case "not-loaded":
        running.memories.delete(message.plugin);
        return this.#endLoad(message.plugin, message);
      case "fetch":
        return void this.#fetch(message);
      case "log":
        return this.#calls.get(message.call)?.request.log(message.level, message.text);
      case "answered":
        return this.#endCall(message.call, { type: "answered", json: message.answer });
      case "threw":
        return this.#endCall(message.call, { type: "threw", error: message.error });
      case "memory":
        running.memories.set(message.plugin, message.memory);
        return;
      case "broke":
        if (running.destroyed.delete(message.plugin)) {
          this.#lose(message.plugin, "unresponsive", this.#busyText());
        } else this.#lose(message.plugin, message.bound, message.detail);
        return;
    }
  }

  async #fetch({ call, fetch, request }: FromWorker & { readonly type: "fetch" }): Promise<void> {
    const open = this.#calls.get(call);
    const result = await open?.request.fetch(JSON.parse(request));
    if (!open || result === undefined || !this.#calls.has(call)) return;
    this.#send({ type: "settle", plugin: open.plugin, call, fetch, result: JSON.stringify(result) });
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

  /** The worker cannot be used any more; whoever it was busy with is at fault. */
  #fail(bound: BoundBroken, detail: string): void {
    const [culprit] = this.#running?.unanswered.values() ?? [];
    this.#goDown(culprit, detail);
    if (culprit !== undefined) this.#options.onBroke(culprit, bound, detail);
  }

  /**
   * One guest is gone; the worker and the others stay. A worker without guests is ended, because the memory of the
   * one that is gone would be freed by a garbage collection only, which an idle worker never makes.
   */
  #lose(plugin: string, bound: BoundBroken, detail: string): void {
    this.#loaded.delete(plugin);
    this.#running?.memories.delete(plugin);
    const lost: Lost = { type: "lost", by: "broke", detail };
    this.#endLoad(plugin, lost);
    for (const [call, open] of this.#calls) if (open.plugin === plugin) this.#endCall(call, lost);
    if (this.#loaded.size === 0 && this.#loads.size === 0) this.#goDown(undefined, detail);
    hintGarbage(this.#options.bounds.memoryBytes);
    this.#options.onBroke(plugin, bound, detail);
  }

  #goDown(culprit: string | undefined, detail: string): void {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    running.watchdog?.[Symbol.dispose]();
    running.host.terminate();
    running.sayReady();
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

/** `Omit` that keeps the members of a union apart. */
type DistributiveOmit<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never;
