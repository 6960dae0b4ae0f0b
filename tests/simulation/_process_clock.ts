import type { Clock } from "../../src/model/ports.ts";
import type { VirtualClock } from "../../src/runtime/mod.ts";

/**
 * The clock of one simulated process. Its timers die with the process, and while the process is stalled they wait, as those
 * of a process that the system does not run.
 */
export class ProcessClock implements Clock {
  readonly #world: VirtualClock;
  readonly #offsetMs: number;
  #stalledUntil = 0;
  #dead = false;
  readonly #timers = new Set<Disposable>();

  /** @param offsetMs By how much the machine's clock is wrong when the process starts. */
  constructor(world: VirtualClock, offsetMs: number) {
    this.#world = world;
    this.#offsetMs = offsetMs;
  }

  now(): number {
    return this.#world.now() + this.#offsetMs;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  get isStalled(): boolean {
    return this.#world.now() < this.#stalledUntil;
  }

  setTimer(delayMs: number, callback: () => void): Disposable {
    if (this.#dead) return { [Symbol.dispose]() {} };
    const fire = () => {
      const leftMs = this.#stalledUntil - this.#world.now();
      if (leftMs > 0) {
        inner = this.#world.setTimer(leftMs, fire);
        return;
      }
      this.#timers.delete(timer);
      callback();
    };
    let inner = this.#world.setTimer(delayMs, fire);
    const timer = {
      [Symbol.dispose]: () => {
        inner[Symbol.dispose]();
        this.#timers.delete(timer);
      },
    };
    this.#timers.add(timer);
    return timer;
  }

  /** The process does not run for a while. */
  stall(durationMs: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#world.now() + durationMs);
  }

  /** The process runs no more. */
  kill(): void {
    this.#dead = true;
    for (const timer of this.#timers) timer[Symbol.dispose]();
  }
}
