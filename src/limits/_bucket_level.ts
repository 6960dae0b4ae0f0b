/**
 * The arithmetic of a token bucket, without clock and waiters.
 *
 * @module
 */

/** Capacity and rate of a token bucket. */
export interface TokenBucketRate {
  /** The most tokens it can hold, and so the largest burst; more than 0. */
  readonly capacity: number;
  /** Tokens that come back each second; more than 0, fractions allowed. */
  readonly refillPerSecond: number;
}

/**
 * How far a clock may lie behind the latest instant seen and still count as the same clock, in milliseconds.
 * Processes that share one bucket's state differ by a little, and taking each return for a new beginning would
 * refill the same milliseconds twice; a clock that was set back by more must not close the bucket for as long.
 */
export const CLOCK_TOLERANCE_MS = 5_000;

/**
 * How many tokens a bucket holds.
 *
 * The level is not counted up step by step, which would gather rounding errors, but follows from an anchor:
 * `base + elapsed × rate − spent`. The anchor moves only where the level is exact: when the bucket is full, when its rate
 * changes, or when the clock is set back.
 */
export class BucketLevel {
  #rate: TokenBucketRate;
  #base: number;
  #baseAt: number;
  #spent = 0;
  #held = 0;
  #seenAt: number;

  constructor(rate: TokenBucketRate, level: number, at: number) {
    this.#rate = rate;
    this.#base = level;
    this.#baseAt = this.#seenAt = at;
  }

  /** Capacity and rate in force. */
  get rate(): TokenBucketRate {
    return this.#rate;
  }

  /** The latest instant seen. */
  get seenAt(): number {
    return this.#seenAt;
  }

  /** The level at `now`; a clock that goes backwards is forgiven. */
  observe(now: number): number {
    if (now >= this.#seenAt) this.#seenAt = now;
    else if (this.#seenAt - now > CLOCK_TOLERANCE_MS) this.anchor(this.#levelAt(this.#seenAt), now);
    const level = this.#levelAt(this.#seenAt);
    // Full is exact: a good moment to drop what was gathered since the last anchor.
    if (level >= this.#ceiling) this.anchor(this.#ceiling, this.#seenAt);
    return level;
  }

  /** Takes `tokens`, or gives them back if they are negative. */
  take(tokens: number): void {
    this.#spent += tokens;
  }

  /** So many tokens that were taken are not used yet, from `at` on: they keep their place in the bucket. */
  hold(tokens: number, at: number): void {
    // Told late, as after a stall: what came back since then is counted already, and must not be counted twice.
    if (at > this.#seenAt) this.observe(at);
    this.#held = tokens;
  }

  /** When `tokens` will be there, if they are not and those that are held are used now; a whole number of milliseconds. */
  nextAt(tokens: number): number {
    const missing = tokens - this.#levelAt(this.#seenAt);
    const at = Math.ceil(this.#seenAt + missing / this.#rate.refillPerSecond * 1000);
    // An instant has room for a few thousandths of a millisecond only; a timer a hair early would find nothing.
    return this.#levelAt(at) < tokens ? at + 1 : at;
  }

  /** Goes on with another rate from `level`. */
  setRate(rate: TokenBucketRate, level: number): void {
    this.#rate = rate;
    this.anchor(clamp(level, this.#ceiling), this.#seenAt);
  }

  /** Goes on from `level` at `at`. */
  anchor(level: number, at: number): void {
    this.#base = level;
    this.#baseAt = this.#seenAt = at;
    this.#spent = 0;
  }

  /** The most that can be in it while others are held. */
  get #ceiling(): number {
    return Math.max(0, this.#rate.capacity - this.#held);
  }

  #levelAt(at: number): number {
    const level = this.#base + (at - this.#baseAt) * this.#rate.refillPerSecond / 1000 - this.#spent;
    return clamp(level, this.#ceiling);
  }
}

/** `level`, but within what a bucket of `capacity` can hold. */
export function clamp(level: number, capacity: number): number {
  return Math.min(capacity, Math.max(0, level));
}
