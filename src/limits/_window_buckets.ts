import type { Clock } from "../model/ports.ts";
import { formatRate, type RateWindow } from "../model/rate.ts";
import { TokenBucket, type TokenBucketSnapshot } from "./token_bucket.ts";

/**
 * A server counts by its own clock, and starts that leave evenly arrive unevenly: each window is taken to be this
 * much longer, so that starts packed as closely as the rate allows stay within it at the other end as well.
 */
const WINDOW_MARGIN_MS = 25;

/** Buckets hold at least one token, and what this time brings: the pump grants in steps of a few milliseconds. */
const BURST_MS = 50;

/** The rate windows of a limit group, all of which hold: a bucket for each. */
export class WindowBuckets {
  readonly #clock: Clock;
  #rates: readonly string[] = [];
  #buckets: readonly TokenBucket[] = [];

  /** Begins without a window. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Changes the windows. Each goes on from where `kept` left one of its rate, else from where the one in its place stood.
   *
   * @param kept Levels by rate, as {@linkcode snapshot} gave them.
   * @param pending Requests that were granted and have not left yet.
   */
  set(
    windows: readonly RateWindow[],
    kept: Readonly<Record<string, TokenBucketSnapshot>>,
    pending: number,
  ): void {
    const now = this.#clock.now();
    const before = this.#buckets.map((bucket) => bucket.snapshot());
    this.#rates = windows.map(formatRate);
    this.#buckets = windows.map((window, index) => {
      const bucket = new TokenBucket({ ...bucketOf(window), clock: this.#clock, level: 1 });
      const level = kept[this.#rates[index] ?? ""] ?? before[index];
      if (level) bucket.restore(level);
      bucket.hold(pending, now);
      return bucket;
    });
  }

  /** How many requests all windows have room for, and when they have room for one if that is none. */
  room(): { readonly tokens: number; readonly moreAt: number } {
    let least = Infinity, moreAt = this.#clock.now();
    for (const bucket of this.#buckets) {
      // A millionth: a level of 0.9999999 is a rounding error, not a missing token.
      const tokens = Math.floor(bucket.level() + 1e-6);
      if (tokens < 1) moreAt = Math.max(moreAt, bucket.nextAt(1));
      least = Math.min(least, tokens);
    }
    return { tokens: least, moreAt };
  }

  /** Charges a request. */
  take(): void {
    for (const bucket of this.#buckets) bucket.tryConsume(Math.min(1, bucket.level()));
  }

  /** Gives a request back that did not leave. */
  refund(): void {
    for (const bucket of this.#buckets) bucket.refund(1);
  }

  /** Keeps the place of requests that were granted and have not left yet, from `at` on. */
  hold(pending: number, at: number): void {
    for (const bucket of this.#buckets) bucket.hold(pending, at);
  }

  /** Levels by rate. */
  snapshot(): Record<string, TokenBucketSnapshot> {
    return Object.fromEntries(
      this.#buckets.map((bucket, index) => [this.#rates[index] ?? "", bucket.snapshot()]),
    );
  }
}

/**
 * The bucket of a window. With capacity b and refill (limit − b + 1) per window, no window sees more than `limit`
 * starts: b at its beginning and limit − b more as the bucket fills.
 */
function bucketOf({ limit, perMs }: RateWindow): { capacity: number; refillPerSecond: number } {
  const capacity = Math.max(1, Math.floor(limit * BURST_MS / perMs));
  return { capacity, refillPerSecond: (limit - capacity + 1) * 1000 / (perMs + WINDOW_MARGIN_MS) };
}
