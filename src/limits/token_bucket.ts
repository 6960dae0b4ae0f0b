/**
 * A token bucket: bursts up to its capacity, in the long run no more than its rate.
 *
 * @module
 */

import type { Clock } from "../model/ports.ts";
import { BucketLevel, clamp, type TokenBucketRate } from "./_bucket_level.ts";
import { Fifo } from "./_fifo.ts";

export type { TokenBucketRate };

/** Options of {@linkcode TokenBucket}. */
export interface TokenBucketOptions extends TokenBucketRate {
  /** Tells the time and wakes those who wait. */
  readonly clock: Clock;
  /**
   * Tokens at the start; cut to the range from 0 to the capacity.
   *
   * @default {capacity}
   */
  readonly level?: number;
}

/** What has to be kept of a bucket over a restart. */
export interface TokenBucketSnapshot {
  /** Tokens in the bucket at the instant `at`. */
  readonly level: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Options of {@linkcode TokenBucket.consume}. */
export interface ConsumeOptions {
  /** Ends the wait: the promise is rejected with the signal's reason and no token is taken. */
  readonly signal?: AbortSignal;
}

interface Waiter {
  readonly tokens: number;
  readonly grant: () => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * A token bucket whose waiters are served in the order they came.
 *
 * Invariants: `0 <= level <= capacity`; over any span of time no more than `capacity + rate × span` tokens are granted; a
 * clock that goes backwards grants nothing.
 */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #waiters = new Fifo<Waiter>();
  #timer: Disposable | undefined;
  readonly #tokens: BucketLevel;

  /**
   * Makes a bucket, full unless `level` says otherwise.
   *
   * @throws {RangeError} If the capacity or the rate is not a finite number above 0.
   */
  constructor({ capacity, refillPerSecond, clock, level = capacity }: TokenBucketOptions) {
    assertRate({ capacity, refillPerSecond });
    this.#clock = clock;
    this.#tokens = new BucketLevel({ capacity, refillPerSecond }, clamp(level, capacity), clock.now());
  }

  /** The most tokens it can hold. */
  get capacity(): number {
    return this.#tokens.rate.capacity;
  }

  /** Tokens that come back each second. */
  get refillPerSecond(): number {
    return this.#tokens.rate.refillPerSecond;
  }

  /** How many callers of {@linkcode consume} wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Tokens that are there now. */
  level(): number {
    return this.#tokens.observe(this.#clock.now());
  }

  /**
   * Takes `tokens`, waiting until they are there and everyone who came before is served.
   *
   * @throws {RangeError} If `tokens` is negative or larger than the capacity, now or after {@linkcode setRate}.
   * @throws The signal's reason, if it is aborted before the tokens are granted.
   */
  consume(tokens: number, { signal }: ConsumeOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.tryConsume(tokens)) return resolve();
      const abort = () => {
        this.#waiters.remove(entry);
        this.#serve();
        reject(signal?.reason);
      };
      const done = () => signal?.removeEventListener("abort", abort);
      const entry = this.#waiters.push({
        tokens,
        grant: () => (done(), resolve()),
        refuse: (reason) => (done(), reject(reason)),
      });
      signal?.addEventListener("abort", abort, { once: true });
      this.#serve();
    });
  }

  /**
   * Takes `tokens` at once or not at all; not at all while others wait.
   *
   * @throws {RangeError} If `tokens` is negative or larger than the capacity.
   */
  tryConsume(tokens: number): boolean {
    assertTokens(tokens, this.capacity);
    if (this.#waiters.size > 0 || this.level() < tokens) return false;
    this.#tokens.take(tokens);
    return true;
  }

  /**
   * Gives `tokens` back that were taken for something that did not happen. What would overflow is lost.
   *
   * @throws {RangeError} If `tokens` is negative or not a number.
   */
  refund(tokens: number): void {
    assertTokens(tokens, Number.MAX_VALUE);
    this.#tokens.take(-tokens);
    this.level();
    this.#serve();
  }

  /**
   * Says how many of the tokens that were taken are not used yet. A bucket that is full gains nothing by waiting, and these
   * count as if they were in it: used late and at once, they would otherwise be followed by those that came back meanwhile.
   *
   * @param tokens All of them, from `at` on.
   * @param at Milliseconds since the epoch.
   * @throws {RangeError} If `tokens` is negative or not a number.
   */
  hold(tokens: number, at: number): void {
    assertTokens(tokens, Number.MAX_VALUE);
    this.#tokens.hold(tokens, at);
    this.#serve();
  }

  /**
   * The earliest instant at which {@linkcode tryConsume} of `tokens` can succeed if nobody takes any before.
   *
   * @returns Milliseconds since the epoch: now, if the tokens are there; otherwise a whole number. While tokens are held it
   * is how it would be if they were used now.
   * @throws {RangeError} If `tokens` is negative or larger than the capacity.
   */
  nextAt(tokens: number): number {
    assertTokens(tokens, this.capacity);
    return this.level() >= tokens ? this.#clock.now() : this.#tokens.nextAt(tokens);
  }

  /**
   * Changes capacity and rate, at once. Tokens above the new capacity are lost; waiters that need more than it
   * can ever hold are refused with a `RangeError`.
   *
   * @throws {RangeError} If the capacity or the rate is not a finite number above 0.
   */
  setRate(
    { capacity = this.capacity, refillPerSecond = this.refillPerSecond }: Partial<TokenBucketRate>,
  ): void {
    assertRate({ capacity, refillPerSecond });
    this.#tokens.setRate({ capacity, refillPerSecond }, this.level());
    this.#serve();
  }

  /** What {@linkcode restore} needs to go on from here. */
  snapshot(): TokenBucketSnapshot {
    return { level: this.level(), at: this.#tokens.seenAt };
  }

  /**
   * Goes on from a snapshot: what has come back since its instant is added; an instant that lies ahead counts
   * as now if it lies far ahead.
   *
   * @throws {RangeError} If the snapshot holds anything but finite numbers.
   */
  restore({ level, at }: TokenBucketSnapshot): void {
    if (!Number.isFinite(level) || !Number.isFinite(at)) {
      throw new RangeError(`Cannot restore the bucket: level "${level}" at "${at}" is not a pair of numbers`);
    }
    this.#tokens.anchor(clamp(level, this.capacity), at);
    this.level();
    this.#serve();
  }

  /** Serves waiters from the first on, as far as the level goes, and sets the timer for the next one. */
  #serve(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (let first = this.#waiters.first; first; first = this.#waiters.first) {
      const { tokens, grant, refuse } = first.value;
      if (tokens > this.capacity) {
        this.#waiters.remove(first);
        refuse(tooMany(tokens, this.capacity));
      } else if (this.level() >= tokens) {
        this.#waiters.remove(first);
        this.#tokens.take(tokens);
        grant();
      } else {
        const waitMs = Math.max(1, this.nextAt(tokens) - this.#clock.now());
        this.#timer = this.#clock.setTimer(waitMs, () => this.#serve());
        return;
      }
    }
  }
}

function assertRate(rate: TokenBucketRate): void {
  for (const [name, value] of Object.entries(rate)) {
    if (!(value > 0) || !Number.isFinite(value)) {
      throw new RangeError(`Cannot make a token bucket: ${name} is "${value}", not a finite number above 0`);
    }
  }
}

function assertTokens(tokens: number, capacity: number): void {
  if (!(tokens >= 0)) throw new RangeError(`Cannot take tokens: "${tokens}" is not a number of at least 0`);
  if (tokens > capacity) throw tooMany(tokens, capacity);
}

function tooMany(tokens: number, capacity: number): RangeError {
  return new RangeError(`Cannot take tokens: "${tokens}" is more than the bucket's capacity of ${capacity}`);
}
