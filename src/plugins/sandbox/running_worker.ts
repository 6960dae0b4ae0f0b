/**
 * One started sandbox worker, and the watch over it.
 *
 * @module
 */

import type { Clock } from "../../model/ports.ts";
import type { BoundBroken, SandboxBounds } from "./bounds.ts";
import { type GuestHost, type OpenGuestHost, openGuestHost } from "./guest_host.ts";
import { type FromWorker, readFromWorker, type ToWorker } from "./messages.ts";

/** What a destroyed guest, or a message that was under way, gets to show itself. */
const GRACE_MS = 500;

/** A message to the worker that has no number yet. */
export type Unsent = DistributiveOmit<ToWorker, "seq">;

/** Options of {@link RunningWorker}. */
export interface RunningWorkerOptions {
  readonly bounds: SandboxBounds;
  readonly clock: Clock;
  /** Starts the worker. @default {@link openGuestHost} */
  readonly openHost?: OpenGuestHost | undefined;
  onMessage(message: FromWorker): void;
  /** The worker has been ended; `culprit` is the plugin that it was busy with, if one is to blame. */
  onEnd(culprit: string | undefined, bound: BoundBroken, detail: string): void;
}

/**
 * A worker is *starting* until it says that it is ready, *idle* while every message is acknowledged, *busy* while one
 * is not, and *ended* once: by `end`, by a failure of its own, or by the watch. An ended one says nothing any more.
 *
 * The watch over a busy worker: after `unresponsiveMs` messages that have waited for this thread to be free get a
 * turn; then the guest that it is busy with is destroyed; if that does not help, it is not QuickJS that is busy, and
 * the worker is ended.
 */
export class RunningWorker {
  /** Settles when the worker takes messages, or has ended. */
  readonly ready: Promise<void>;
  readonly #options: RunningWorkerOptions;
  readonly #host: GuestHost;
  readonly #sayReady: () => void;
  /** Messages not yet acknowledged, oldest first, with the plugin that each concerns. */
  readonly #unanswered = new Map<number, string>();
  readonly #memories = new Map<string, WebAssembly.Memory>();
  readonly #destroyed = new Set<string>();
  #watchdog: Disposable | undefined;
  #lastSeq = 0;
  #ended = false;

  constructor(options: RunningWorkerOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#sayReady = resolve;
    this.#host = (options.openHost ?? openGuestHost)({
      onMessage: (data) => this.#receive(data),
      onFailure: (text) => this.#fail("crash", `the sandbox failed: ${text}`),
    });
    const { startMs } = options.bounds;
    this.#after(startMs, () => this.#fail("unresponsive", `the sandbox did not start within ${startMs} ms`));
  }

  /** Sends a message; it must be ready. */
  send(message: Unsent): void {
    if (this.#ended) return;
    const seq = ++this.#lastSeq;
    this.#unanswered.set(seq, message.plugin);
    if (this.#unanswered.size === 1) this.#watch();
    this.#host.post({ ...message, seq });
  }

  /** Lets go of a guest's memory. */
  forget(plugin: string): void {
    this.#memories.delete(plugin);
  }

  /** Ends the worker without telling. */
  end(): void {
    this.#ended = true;
    this.#watchdog?.[Symbol.dispose]();
    this.#host.terminate();
    this.#memories.clear();
    this.#sayReady();
  }

  #receive(data: unknown): void {
    if (this.#ended) return;
    const message = readFromWorker(data);
    if (!message) return this.#fail("crash", "the sandbox sent something that is no message");
    switch (message.type) {
      case "ready":
        this.#watch();
        return this.#sayReady();
      case "done-with":
        this.#unanswered.delete(message.seq);
        return this.#watch();
      case "memory":
        this.#memories.set(message.plugin, message.memory);
        return;
      case "broke":
        // What a destroyed guest says of its end is a trap at some random place.
        return this.#options.onMessage(
          this.#destroyed.delete(message.plugin) ? { ...message, ...this.#unresponsive() } : message,
        );
      default:
        return this.#options.onMessage(message);
    }
  }

  #watch(): void {
    this.#watchdog?.[Symbol.dispose]();
    this.#watchdog = undefined;
    if (this.#unanswered.size === 0) return;
    this.#after(this.#options.bounds.unresponsiveMs, () => {
      this.#after(GRACE_MS, () => {
        this.#destroyBusyGuest();
        this.#after(GRACE_MS, () => {
          const { bound, detail } = this.#unresponsive();
          this.#fail(bound, detail);
        });
      });
    });
  }

  #after(delayMs: number, then: () => void): void {
    this.#watchdog = this.#options.clock.setTimer(delayMs, () => {
      if (!this.#ended) then();
    });
  }

  /** Overwrites the memory under the loop, so that it traps on a pointer that leads nowhere: see `quickjs_wasm.ts`. */
  #destroyBusyGuest(): void {
    const [culprit = ""] = this.#unanswered.values();
    const memory = this.#memories.get(culprit);
    if (!memory) return;
    this.#destroyed.add(culprit);
    new Int32Array(memory.buffer).fill(-1);
  }

  #unresponsive(): { readonly bound: "unresponsive"; readonly detail: string } {
    return {
      bound: "unresponsive",
      detail: `it kept the sandbox busy for ${this.#options.bounds.unresponsiveMs} ms`,
    };
  }

  #fail(bound: BoundBroken, detail: string): void {
    if (this.#ended) return;
    const [culprit] = this.#unanswered.values();
    this.end();
    this.#options.onEnd(culprit, bound, detail);
  }
}

/** `Omit` that keeps the members of a union apart. */
type DistributiveOmit<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never;
