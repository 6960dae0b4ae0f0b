import type { Clock } from "../model/ports.ts";

/** What was waited for too long. */
export type Overdue = "step" | "total";

/**
 * The time limits of one request: a total, and within it one for the step that is being waited for (an answer, the
 * next bytes). One timer serves both: it is not re-armed for each chunk, but when it fires it looks whether the limit has
 * moved, so a fast body costs it two numbers a chunk.
 */
export class Deadline implements Disposable {
  readonly #clock: Clock;
  readonly #totalAt: number;
  readonly #onOverdue: (what: Overdue) => void;
  #stepAt = Infinity;
  #timerAt = Infinity;
  #timer: Disposable | undefined;
  #isOver = false;

  /** @param onOverdue Called at most once, at the first limit that passes. */
  constructor(clock: Clock, totalMs: number, onOverdue: (what: Overdue) => void) {
    this.#clock = clock;
    this.#totalAt = clock.now() + totalMs;
    this.#onOverdue = onOverdue;
    this.#arm(this.#totalAt);
  }

  /** Waiting for something begins, or goes on after something came. */
  begin(stepMs: number): void {
    if (this.#isOver) return;
    this.#stepAt = this.#clock.now() + stepMs;
    if (this.#stepAt < this.#timerAt) this.#arm(this.#stepAt);
  }

  /** Nothing is waited for: it is the caller who takes time now, which only the total counts. */
  pause(): void {
    this.#stepAt = Infinity;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
  }

  #arm(at: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#timerAt = at;
    if (at !== Infinity) {
      this.#timer = this.#clock.setTimer(Math.max(0, at - this.#clock.now()), () => this.#check());
    }
  }

  #check(): void {
    const now = this.#clock.now();
    if (now >= this.#totalAt || now >= this.#stepAt) {
      this.#isOver = true;
      this.#onOverdue(now >= this.#totalAt ? "total" : "step");
      return;
    }
    this.#arm(Math.min(this.#totalAt, this.#stepAt));
  }
}
