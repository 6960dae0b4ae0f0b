/**
 * A limiter of concurrency with one limit for each key.
 *
 * @module
 */

import type { Clock } from "../model/ports.ts";
import { Fifo, type FifoEntry } from "./_fifo.ts";

/** Options of {@linkcode KeyedLimiter}. */
export interface KeyedLimiterOptions {
  /** Slots of every key that has no limit of its own; a whole number, at least 1. */
  readonly limit: number;
  /** Times the waits of {@linkcode KeyedLimiter.tryAcquire}. */
  readonly clock: Clock;
}

/** Options of {@linkcode KeyedLimiter.acquire}. */
export interface KeyedAcquireOptions {
  /** Ends the wait: the promise is rejected with the signal's reason and no slot is taken. */
  readonly signal?: AbortSignal;
}

type Grant = (slot: Disposable) => void;

interface Slots {
  inUse: number;
  readonly waiters: Fifo<Grant>;
}

/**
 * Gives each key a number of slots, first come, first served.
 *
 * A key is *idle* (nothing held, nobody waiting), *open* (a slot is left) or *full*. Invariants:
 *
 * - Someone waits only while the key is full: a slot that comes free, by release or by a raised limit, goes to
 *   the first waiter in the same call, so nobody can take it over the waiters' heads.
 * - A lowered limit revokes nothing; nothing is granted until fewer than the new limit are held.
 * - An idle key costs no memory; only limits set by {@linkcode setLimit} are kept.
 *
 * @example
 * ```ts ignore
 * using _slot = await limiter.acquire("example.org");
 * ```
 */
export class KeyedLimiter {
  readonly #defaultLimit: number;
  readonly #clock: Clock;
  readonly #limits = new Map<string, number>();
  readonly #busy = new Map<string, Slots>();

  /**
   * Makes a limiter in which every key is idle.
   *
   * @throws {RangeError} If `limit` is not a whole number of at least 1.
   */
  constructor({ limit, clock }: KeyedLimiterOptions) {
    assertLimit(limit);
    this.#defaultLimit = limit;
    this.#clock = clock;
  }

  /**
   * Takes a slot of `key`, waiting for its turn if there is none.
   *
   * @returns The slot; its disposal gives it back, a second disposal does nothing.
   * @throws The signal's reason, if it is aborted before the slot is granted.
   */
  acquire(key: string, { signal }: KeyedAcquireOptions = {}): Promise<Disposable> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.tryAcquireNow(key)) return resolve(this.#slot(key));
      const abort = () => {
        this.#leave(key, entry);
        reject(signal?.reason);
      };
      const entry = this.#enter(key, (slot) => {
        signal?.removeEventListener("abort", abort);
        resolve(slot);
      });
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /**
   * Takes a slot of `key`, waiting at most `timeoutMs` for its turn.
   *
   * @param timeoutMs 0 takes a slot at once or not at all.
   * @returns The slot, or `null` if the time has passed.
   * @throws {RangeError} If `timeoutMs` is negative or not a number.
   */
  tryAcquire(key: string, timeoutMs: number): Promise<Disposable | null> {
    return new Promise((resolve, reject) => {
      if (!(timeoutMs >= 0)) {
        return reject(new RangeError(`Cannot wait for a slot: timeoutMs is "${timeoutMs}"`));
      }
      if (this.tryAcquireNow(key)) return resolve(this.#slot(key));
      if (timeoutMs === 0) return resolve(null);
      const entry = this.#enter(key, (slot) => {
        timer[Symbol.dispose]();
        resolve(slot);
      });
      const timer = this.#clock.setTimer(timeoutMs, () => {
        this.#leave(key, entry);
        resolve(null);
      });
    });
  }

  /**
   * Takes a slot of `key` at once or not at all.
   *
   * @returns Whether a slot was taken; it is given back by {@linkcode release}.
   */
  tryAcquireNow(key: string): boolean {
    const slots = this.#busy.get(key);
    if (slots === undefined) {
      this.#busy.set(key, { inUse: 1, waiters: new Fifo() });
      return true;
    }
    if (slots.inUse >= this.getLimit(key)) return false;
    slots.inUse++;
    return true;
  }

  /**
   * Gives one slot of `key` back: for those taken by {@linkcode tryAcquireNow}. The others are given back by
   * disposal; use one way or the other, not both.
   *
   * @throws {RangeError} If no slot of `key` is held.
   */
  release(key: string): void {
    const slots = this.#busy.get(key);
    if (slots === undefined) {
      throw new RangeError(`Cannot release a slot of "${key}": none is held`);
    }
    slots.inUse--;
    this.#settle(key, slots);
  }

  /** The limit of `key` that is in force. */
  getLimit(key: string): number {
    return this.#limits.get(key) ?? this.#defaultLimit;
  }

  /**
   * Gives `key` a limit of its own, at once: a raised one lets waiters in, a lowered one revokes nothing.
   *
   * @throws {RangeError} If `limit` is not a whole number of at least 1.
   */
  setLimit(key: string, limit: number): void {
    assertLimit(limit);
    this.#limits.set(key, limit);
    const slots = this.#busy.get(key);
    if (slots !== undefined) this.#settle(key, slots);
  }

  /** How many slots of `key` are held. */
  inUse(key: string): number {
    return this.#busy.get(key)?.inUse ?? 0;
  }

  /** How many callers wait for a slot of `key`. */
  waiting(key: string): number {
    return this.#busy.get(key)?.waiters.size ?? 0;
  }

  /** How many keys are not idle. */
  get busyKeys(): number {
    return this.#busy.size;
  }

  #enter(key: string, grant: Grant): FifoEntry<Grant> {
    const slots = this.#busy.get(key);
    if (slots === undefined) throw new TypeError(`Cannot wait for "${key}": it is idle`);
    return slots.waiters.push(grant);
  }

  #leave(key: string, entry: FifoEntry<Grant>): void {
    this.#busy.get(key)?.waiters.remove(entry);
  }

  /** Lets in as many waiters as there are slots, and forgets the key if it is idle. */
  #settle(key: string, slots: Slots): void {
    const limit = this.getLimit(key);
    for (let first = slots.waiters.first; first && slots.inUse < limit; first = slots.waiters.first) {
      slots.waiters.remove(first);
      slots.inUse++;
      first.value(this.#slot(key));
    }
    if (slots.inUse === 0) this.#busy.delete(key);
  }

  #slot(key: string): Disposable {
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.release(key);
      },
    };
  }
}

function assertLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(
      `Cannot limit concurrency: the limit "${limit}" is not a whole number of at least 1`,
    );
  }
}
