/**
 * Tells the main thread where a run stands.
 *
 * @module
 */

import type { Clock } from "../model/ports.ts";
import type { Orchestrator } from "../orchestrator/mod.ts";
import type { QueueStats, WorkQueue } from "../queue/mod.ts";
import type { EngineEvent } from "./protocol.ts";

/** How often it is told, while something happens. */
const PROGRESS_MS = 250;

/** Reports progress, and asks the database only after something has happened: an idle run costs no statement. */
export class ProgressReporter {
  readonly #clock: Clock;
  readonly #queue: Pick<WorkQueue, "stats">;
  readonly #onEvent: (event: EngineEvent) => void;
  #stirred = true;
  #ended = false;

  /** @param onEvent Told where the run stands. */
  constructor(clock: Clock, queue: Pick<WorkQueue, "stats">, onEvent: (event: EngineEvent) => void) {
    this.#clock = clock;
    this.#queue = queue;
    this.#onEvent = onEvent;
  }

  /** Something happened. */
  stir(): void {
    this.#stirred = true;
  }

  /** Begins to report on a run; disposal ends it. */
  start(orchestrator: Pick<Orchestrator, "running" | "nextWorkAt">): Disposable {
    let timer = this.#clock.setTimer(0, tick.bind(this));
    return {
      [Symbol.dispose]: () => {
        this.#ended = true;
        timer[Symbol.dispose]();
      },
    };

    async function tick(this: ProgressReporter): Promise<void> {
      const stats = this.#stirred ? await this.#stats() : null;
      if (this.#ended) return;
      if (stats) {
        const running = orchestrator.running.map((job) => job.artifactId);
        this.#onEvent({ type: "progress", stats, running, nextWorkAt: orchestrator.nextWorkAt });
      }
      timer = this.#clock.setTimer(PROGRESS_MS, tick.bind(this));
    }
  }

  async #stats(): Promise<QueueStats | null> {
    this.#stirred = false;
    try {
      return await this.#queue.stats();
    } catch {
      // The pump meets the same database, and says why it cannot be used.
      return null;
    }
  }
}
