/**
 * The real clock.
 *
 * @module
 */

import type { Clock } from "../model/ports.ts";

/** Longer delays overflow the platform's timers, which then fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The wall clock as it stood when this clock was made, plus what a monotonic clock has counted since. Setting
 * the system's time therefore moves no deadline and shortens no cool-down of a running process; a new process
 * starts from the corrected time. While the machine is suspended the count stands still on most systems, so that
 * after a suspend a lease may have lapsed by the clocks of others: only the queue's fence can tell.
 */
export class SystemClock implements Clock {
  readonly #offsetMs = Date.now() - performance.now();

  /** Milliseconds since the Unix epoch, never less than before. */
  now(): number {
    return this.#offsetMs + performance.now();
  }

  /**
   * Runs `callback` once after `delayMs` milliseconds; a negative delay counts as 0, and no delay is too long.
   *
   * @returns A handle whose disposal cancels the timer.
   * @throws {RangeError} If `delayMs` is not finite.
   */
  setTimer(delayMs: number, callback: () => void): Disposable {
    if (!Number.isFinite(delayMs)) throw new RangeError(`Cannot set a timer: the delay is ${delayMs}`);
    let id: ReturnType<typeof setTimeout>;
    const arm = (restMs: number) => {
      const stepMs = Math.min(Math.max(0, restMs), MAX_TIMER_MS);
      id = setTimeout(() => restMs > stepMs ? arm(restMs - stepMs) : callback(), stepMs);
    };
    arm(delayMs);
    return { [Symbol.dispose]: () => clearTimeout(id) };
  }
}
