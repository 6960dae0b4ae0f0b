/**
 * Where text goes: standard output, standard error, a file.
 *
 * @module
 */

import { FatalError, messageOf } from "../model/errors.ts";
import type { Clock } from "../model/ports.ts";

/** Nobody reads what is written any more, as after `export | head`. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** What a {@linkcode Sink} writes to; `Deno.stdout` and an open file are such. */
export interface SinkTarget {
  /** Writes some of the bytes and gives their number. */
  writeSync(bytes: Uint8Array): number;
  /** Whether a person looks at it. */
  isTerminal(): boolean;
}

/** A reader that is slower than we are is looked at again after this time. */
const RETRY_MS = 5;

const encoder = new TextEncoder();

/**
 * Writes text in order and whole.
 *
 * A pipe may have been made non-blocking by whoever shares it with us (Node does that to its own standard output);
 * it then refuses bytes while its reader is busy, and the rest is offered again.
 */
export class Sink {
  readonly #target: SinkTarget;
  readonly #clock: Clock;
  /** Settles when all that was written before has left. */
  #last: Promise<void> | null = null;

  /** Writes to `target`; the clock says when a slow reader is offered the rest. */
  constructor(target: SinkTarget, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
  }

  /** Whether a person looks at it. */
  get isTerminal(): boolean {
    return this.#target.isTerminal();
  }

  /** Width of the terminal in columns; `null` where there is none. */
  get columns(): number | null {
    if (!this.isTerminal) return null;
    try {
      return Deno.consoleSize().columns || null;
    } catch {
      return null;
    }
  }

  /**
   * Writes `text`. What is written without waiting for the call before stays in order.
   *
   * @throws {ReaderGone} If nobody reads any more.
   * @throws {FatalError} If it cannot be written.
   */
  write(text: string): Promise<void> {
    const bytes = encoder.encode(text);
    if (this.#last) return this.#enqueue(bytes);
    try {
      const written = this.#offer(bytes);
      return written === bytes.length ? Promise.resolve() : this.#enqueue(bytes.subarray(written));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Writes `text` as the last word on something that has been done: what came of it counts, whether somebody still
   * reads or not.
   *
   * @throws {FatalError} If it cannot be written.
   */
  async writeLast(text: string): Promise<void> {
    try {
      await this.write(text);
    } catch (error) {
      if (!(error instanceof ReaderGone)) throw error;
    }
  }

  #enqueue(bytes: Uint8Array): Promise<void> {
    const mine = (this.#last ?? Promise.resolve()).then(() => this.#drain(bytes));
    // Whoever wrote learns of the failure; it must not also count as unhandled for the one who did not wait.
    const last = mine.catch(() => {}).then(() => {
      if (this.#last === last) this.#last = null;
    });
    this.#last = last;
    return mine;
  }

  async #drain(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      const written = this.#offer(rest);
      rest = rest.subarray(written);
      if (rest.length > 0) await new Promise<void>((resolve) => void this.#clock.setTimer(RETRY_MS, resolve));
    }
  }

  /** Writes what is taken now; gives its length. */
  #offer(bytes: Uint8Array): number {
    let written = 0;
    try {
      while (written < bytes.length) written += this.#target.writeSync(bytes.subarray(written));
    } catch (error) {
      if (error instanceof Deno.errors.WouldBlock) return written;
      if (error instanceof Deno.errors.BrokenPipe) throw new ReaderGone("Nobody reads the output any more");
      throw new FatalError(`Cannot write output: ${messageOf(error)}`, { cause: error });
    }
    return written;
  }
}
