/**
 * What a run has come to so far.
 *
 * @module
 */

import type { EngineEvent } from "../../engine/mod.ts";
import type { Clock } from "../../model/ports.ts";
import type { Outcome, Reason } from "../../model/reason.ts";
import type { QueueStats } from "../../queue/mod.ts";

/** The rate is that of this much of the past: long enough to be calm, short enough to follow a change. */
const RATE_WINDOW_MS = 20_000;

/** A guess at what remains is wild before this time. */
const CALM_MS = 3_000;

/** An artifact that ended in this run. */
export interface Finished {
  readonly artifactId: string;
  readonly outcome: Outcome;
  readonly reason: Reason;
  readonly path: string | null;
  readonly bytes: number | null;
  readonly resolver: string | null;
}

/** Counts what the engine reports. */
export class RunTally {
  readonly #clock: Clock;
  readonly startedAt: number;
  readonly outcomes: Record<Outcome, number> = { done: 0, skipped: 0, error: 0 };
  readonly reasons: Partial<Record<Reason, number>> = {};
  /** Bytes of the files that were stored. */
  bytes = 0;
  stats: QueueStats | null = null;
  running: readonly string[] = [];
  /** While nothing runs: the earliest instant at which something can; `null` if nobody can say. */
  nextWorkAt: number | null = null;
  /** How many had ended, second by second. */
  readonly #samples: { readonly at: number; readonly finished: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAt = clock.now();
  }

  /** How many artifacts have ended. */
  get finished(): number {
    const { done, skipped, error } = this.outcomes;
    return done + skipped + error;
  }

  /** How long the run has lasted. */
  get elapsedMs(): number {
    return this.#clock.now() - this.startedAt;
  }

  /** Takes up an event; gives the artifact that ended by it. */
  take(event: EngineEvent): Finished | null {
    if (event.type === "progress") {
      this.stats = event.stats;
      this.running = event.running;
      this.nextWorkAt = event.nextWorkAt;
      this.#sample();
    }
    if (event.type !== "settled" || event.outcome === null || event.reason === null) return null;
    const { outcome, reason } = event;
    this.outcomes[outcome]++;
    this.reasons[reason] = (this.reasons[reason] ?? 0) + 1;
    if (reason === "ok") this.bytes += event.bytes ?? 0;
    return { ...event, outcome, reason };
  }

  /** Artifacts that ended per second of late. */
  get perSecond(): number {
    const now = this.#clock.now();
    const since = this.#samples.find(({ at }) => now - at <= RATE_WINDOW_MS) ??
      { at: this.startedAt, finished: 0 };
    const seconds = (now - since.at) / 1000;
    return seconds > 0 ? (this.finished - since.finished) / seconds : 0;
  }

  /** How long it takes until the queue is empty at the present rate; `null` where nobody can say. */
  get remainingMs(): number | null {
    const perSecond = this.perSecond;
    if (!this.stats || perSecond <= 0 || this.elapsedMs < CALM_MS) return null;
    return (this.stats.states.queued + this.stats.states.in_progress) / perSecond * 1000;
  }

  #sample(): void {
    const at = this.#clock.now();
    if (this.#samples.length === 0) this.#samples.push({ at: this.startedAt, finished: 0 });
    if (at - (this.#samples.at(-1)?.at ?? 0) >= 1000) this.#samples.push({ at, finished: this.finished });
    while ((this.#samples[0]?.at ?? at) < at - RATE_WINDOW_MS) this.#samples.shift();
  }
}
