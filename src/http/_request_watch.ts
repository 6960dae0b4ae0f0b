import type { Clock } from "../model/ports.ts";
import { BodyError } from "./body_error.ts";
import { Deadline } from "./_deadline.ts";

/** What may end a request early: its time limits and the caller's signal, joined into one signal. */
export class RequestWatch implements Disposable {
  readonly deadline: Deadline;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #onAbort = () => this.#controller.abort(this.#caller?.reason);

  constructor(clock: Clock, totalMs: number, caller: AbortSignal | undefined) {
    this.#caller = caller;
    if (caller?.aborted) this.#onAbort();
    caller?.addEventListener("abort", this.#onAbort, { once: true });
    this.deadline = new Deadline(clock, totalMs, (what) => {
      const text = what === "total"
        ? `it took longer than ${totalMs} ms`
        : "the other side is silent for too long";
      this.#controller.abort(new BodyError("timeout", text));
    });
  }

  /** Aborted with a {@linkcode BodyError} for a time limit, with the caller's reason otherwise. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** As `promise`, but rejects as soon as the request is ended; for what cannot be aborted itself. */
  async race<T>(promise: Promise<T>): Promise<T> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(this.signal.reason);
    if (this.signal.aborted) onAbort();
    this.signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      this.signal.removeEventListener("abort", onAbort);
    }
  }

  [Symbol.dispose](): void {
    this.deadline[Symbol.dispose]();
    this.#caller?.removeEventListener("abort", this.#onAbort);
  }
}
