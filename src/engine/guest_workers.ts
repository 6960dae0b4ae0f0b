/**
 * The workers that plugins live in, started by the main thread for the engine: a worker that is started from a worker
 * takes half a second longer to begin (measured on Deno 2.9.6: 520 ms against 20 ms). Once it runs, the engine and the
 * worker talk over a port of their own; the main thread sees nothing of it.
 *
 * @module
 */

import { messageOf } from "../model/errors.ts";
import { type OpenGuestHost, startGuestWorker } from "../plugins/mod.ts";
import type { FromEngine, ToEngine } from "./protocol.ts";

/** The engine's side: asks the main thread for workers. */
export class GuestWorkerClient {
  readonly #tell: (message: FromEngine, transfer: Transferable[]) => void;
  readonly #failures = new Map<number, (text: string) => void>();
  #lastId = 0;

  /** @param tell Posts a message to the main thread. */
  constructor(tell: (message: FromEngine, transfer: Transferable[]) => void) {
    this.#tell = tell;
  }

  /** Starts a worker. */
  readonly open: OpenGuestHost = (events) => {
    const id = ++this.#lastId;
    const { port1: port, port2: theirs } = new MessageChannel();
    port.onmessage = ({ data }: MessageEvent<unknown>) => events.onMessage(data);
    this.#failures.set(id, (text) => events.onFailure(text));
    this.#tell({ type: "open-guest", id }, [theirs]);
    return {
      post: (message) => port.postMessage(message),
      terminate: () => {
        this.#failures.delete(id);
        port.close();
        this.#tell({ type: "close-guest", id }, []);
      },
    };
  };

  /** The main thread says that a worker has failed. */
  failed(id: number, text: string): void {
    this.#failures.get(id)?.(text);
  }
}

/** The main thread's side: starts and ends workers as the engine asks. Disposal ends them all. */
export class GuestWorkerPool implements Disposable {
  readonly #tell: (message: ToEngine) => void;
  readonly #workers = new Map<number, Worker>();
  /** Started before it is asked for, so that it loads while the engine does. */
  #spare: Starting | null = startGuest();

  /** @param tell Posts a message to the engine. */
  constructor(tell: (message: ToEngine) => void) {
    this.#tell = tell;
  }

  /** Starts a worker and gives it the port on which the engine listens. */
  async open(id: number, port: MessagePort): Promise<void> {
    const { worker, ready } = this.#spare ?? startGuest();
    this.#spare = null;
    this.#workers.set(id, worker);
    try {
      await ready;
    } catch (error) {
      return this.#tell({ type: "guest-failed", id, text: messageOf(error) });
    }
    // It may have been given up while it started; its port is closed then.
    if (!this.#workers.has(id)) return;
    worker.onerror = (event) => {
      event.preventDefault();
      this.#tell({ type: "guest-failed", id, text: event.message });
    };
    worker.postMessage(null, [port]);
  }

  /** Ends a worker. */
  close(id: number): void {
    this.#workers.get(id)?.terminate();
    this.#workers.delete(id);
  }

  /** Ends all workers. */
  [Symbol.dispose](): void {
    this.#spare?.worker.terminate();
    for (const worker of this.#workers.values()) worker.terminate();
    this.#workers.clear();
  }
}

interface Starting {
  readonly worker: Worker;
  /** Settles when the worker listens: what is posted before is lost. */
  readonly ready: Promise<void>;
}

function startGuest(): Starting {
  const worker = startGuestWorker();
  const ready = Promise.withResolvers<void>();
  worker.onmessage = () => ready.resolve();
  worker.onerror = (event) => {
    event.preventDefault();
    ready.reject(new Error(event.message));
  };
  ready.promise.catch(() => {});
  return { worker, ready: ready.promise };
}
