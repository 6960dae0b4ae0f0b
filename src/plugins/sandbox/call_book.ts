/**
 * The calls that are open in one guest, and what each may still use up.
 *
 * @module
 */

import type { SandboxBounds } from "./bounds.ts";
import type { Granted, GuestError } from "./messages.ts";

/** Where a guest's words go. */
export interface GuestPort {
  fetch(call: number, fetch: number, request: string): void;
  log(call: number, level: "debug" | "info" | "warn" | "error", text: string): void;
  answered(call: number, answer: string): void;
  threw(call: number, error: GuestError): void;
}

interface OpenCall {
  fetches: number;
  readonly waiting: Set<number>;
  readonly bodies: Map<number, string>;
  bodyChars: number;
  logLines: number;
}

/** A call is open from `open` until it has answered, thrown or been dropped; what comes for one that is not is ignored. */
export class CallBook {
  readonly #bounds: SandboxBounds;
  readonly #port: GuestPort;
  readonly #open = new Map<number, OpenCall>();

  constructor(bounds: SandboxBounds, port: GuestPort) {
    this.#bounds = bounds;
    this.#port = port;
  }

  /** Opens a call. */
  open(call: number): void {
    this.#open.set(call, { fetches: 0, waiting: new Set(), bodies: new Map(), bodyChars: 0, logLines: 0 });
  }

  /** Forgets a call; says whether it was open. */
  drop(call: number): boolean {
    return this.#open.delete(call);
  }

  /** Passes a call's answer on. */
  answer(call: number, answer: string): void {
    if (this.#open.delete(call)) this.#port.answered(call, answer);
  }

  /** Passes on what a call threw. */
  fail(call: number, error: GuestError): void {
    if (this.#open.delete(call)) this.#port.threw(call, error);
  }

  /** Starts a fetch; gives its number, or why it is refused. */
  fetch(call: number, request: unknown): { readonly fetch: number } | { readonly refused: string } {
    const open = this.#open.get(call);
    if (!open) return { refused: "Cannot fetch: the call is over" };
    if (open.fetches >= this.#bounds.fetchesPerCall) {
      return { refused: `Cannot fetch: a call may send at most ${this.#bounds.fetchesPerCall} requests` };
    }
    const fetch = ++open.fetches;
    open.waiting.add(fetch);
    // Without an argument there is no text to send.
    this.#port.fetch(call, fetch, JSON.stringify(request ?? null));
    return { fetch };
  }

  /** Ends a fetch and keeps its body until the call ends; says whether the call waits for it. */
  settle(call: number, fetch: number, body: string): boolean {
    const open = this.#open.get(call);
    if (!open?.waiting.delete(fetch)) return false;
    open.bodyChars += body.length;
    if (open.bodyChars <= this.#bounds.bodyChars) open.bodies.set(fetch, body);
    return true;
  }

  /** The body of an answer. */
  body(call: number, fetch: number): Granted<string> {
    const value = this.#open.get(call)?.bodies.get(fetch);
    if (value !== undefined) return { value };
    if (!this.#open.has(call)) return { refused: "Cannot read the answer: the call is over" };
    return {
      refused:
        `Cannot read the answer: those of one call have more than ${this.#bounds.bodyChars} characters`,
    };
  }

  /** Passes a line of log on, unless the call has written too many. */
  log(call: number, level: string, text: string): void {
    const open = this.#open.get(call);
    const { logLinesPerCall, logLineChars } = this.#bounds;
    // Lines outside of any call come from the top level or from code that outlived its call: there is no one to ask.
    if (!open || ++open.logLines > logLinesPerCall + 1) return;
    if (open.logLines > logLinesPerCall) {
      return this.#port.log(
        call,
        "warn",
        `more than ${logLinesPerCall} lines of log in one call: the rest is dropped`,
      );
    }
    const known = level === "debug" || level === "warn" || level === "error" ? level : "info";
    this.#port.log(call, known, text.length > logLineChars ? `${text.slice(0, logLineChars)}…` : text);
  }

  /**
   * Fails every open call if none waits for a fetch: to be called when no microtask is left in the guest, so that
   * nothing can settle their promises any more.
   */
  failStuck(): void {
    for (const { waiting } of this.#open.values()) if (waiting.size > 0) return;
    for (const call of [...this.#open.keys()]) {
      this.fail(call, { name: "", message: "its promise can never settle: it waits for nothing" });
    }
  }
}
