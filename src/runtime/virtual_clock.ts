/**
 * A clock for simulations and tests.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Clock } from "../model/ports.ts";
import { TimerHeap } from "./_timer_heap.ts";

/**
 * Time that stands still until it is moved. Timers fire in the order of their instants, those of one instant in
 * the order in which they were set; after each one everything that promises have made runnable runs to its end,
 * before time goes on. A run is therefore the same each time, and days pass as fast as their events compute.
 */
export class VirtualClock implements Clock {
  #now: number;
  readonly #timers = new TimerHeap();

  /**
   * Makes a clock that stands at `startMs`.
   *
   * @param startMs The first instant, in milliseconds since the epoch. @default 1_700_000_000_000, a date in
   * November 2023: a round number that is no plausible mistake for an interval
   */
  constructor(startMs = 1_700_000_000_000) {
    this.#now = startMs;
  }

  /** The virtual instant, in milliseconds since the epoch. */
  now(): number {
    return this.#now;
  }

  /** How many timers are set and neither fired nor cancelled. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** The instant of the next timer, `undefined` if none is set. */
  get nextTimerAt(): number | undefined {
    return this.#timers.first?.at;
  }

  /**
   * Runs `callback` once, `delayMs` virtual milliseconds from now; a negative delay counts as 0.
   *
   * @throws {RangeError} If `delayMs` is not finite.
   */
  setTimer(delayMs: number, callback: () => void): Disposable {
    if (!Number.isFinite(delayMs)) throw new RangeError(`Cannot set a timer: the delay is ${delayMs}`);
    const timer = this.#timers.add(this.#now + Math.max(0, delayMs), callback);
    return { [Symbol.dispose]: () => this.#timers.remove(timer) };
  }

  /** Moves time to `now() + durationMs`, firing what falls due on the way. */
  advance(durationMs: number): Promise<void> {
    return this.advanceTo(this.#now + durationMs);
  }

  /**
   * Moves time to `instantMs`, firing what falls due on the way, that instant included.
   *
   * @throws {RangeError} If `instantMs` lies in the past.
   */
  async advanceTo(instantMs: number): Promise<void> {
    if (!(instantMs >= this.#now)) {
      throw new RangeError(
        `Cannot advance to ${instantMs}: it is not after the present instant ${this.#now}`,
      );
    }
    await settle();
    while ((this.nextTimerAt ?? Infinity) <= instantMs) await this.#fireNext();
    this.#now = Math.max(this.#now, instantMs);
  }

  /**
   * Fires timer after timer until none is left.
   *
   * @param options.maxTimers Refuse to fire more, for what never comes to rest. @default 1_000_000
   * @returns How many fired.
   * @throws {RangeError} If more than `maxTimers` were needed.
   */
  async runUntilIdle(options: { readonly maxTimers?: number } = {}): Promise<number> {
    const { maxTimers = 1_000_000 } = options;
    await settle();
    let fired = 0;
    for (; this.#timers.size > 0; fired++) {
      if (fired === maxTimers) {
        throw new RangeError(
          `Cannot run until idle: ${maxTimers} timers fired and ${this.#timers.size} are set`,
        );
      }
      await this.#fireNext();
    }
    return fired;
  }

  async #fireNext(): Promise<void> {
    const timer = this.#timers.takeFirst();
    if (timer === undefined) return;
    this.#now = timer.at;
    timer.callback();
    await settle();
  }
}

/**
 * Returns when no promise reaction is left to run. A turn of the event loop comes only after the last of them,
 * however long their chain, and costs 4 µs; counting `await`s would be no cheaper and end somewhere within it.
 */
function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
