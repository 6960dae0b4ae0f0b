import type { DatabaseSync } from "node:sqlite";
import type { Incarnation } from "./_incarnation.ts";
import type { SharedWorld } from "./_world.ts";

const LOOK_EVERY_MS = 60_000;
/** Nobody may be overlooked for so long. */
const PATIENCE_MS = 120_000;

/** Looks whether jobs are ready on a host that is open, with workers free, and are not begun all the same. */
export class StarvationWatch {
  readonly #shared: SharedWorld;
  readonly #observer: DatabaseSync;
  #suspects = new Map<string, number>();
  #lookAt = 0;

  constructor(shared: SharedWorld, observer: DatabaseSync) {
    this.#shared = shared;
    this.#observer = observer;
  }

  /** Looks, if it is time. */
  look(living: Iterable<Incarnation>): void {
    const { clock, judge, plan } = this.#shared;
    const now = clock.now();
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_EVERY_MS;
    const idle = [...living].filter((process) =>
      process.isAwake && process.orchestrator.running.length < plan.maxWorkers
    );
    const suspects = new Map<string, number>();
    const rows = idle.length === 0
      ? []
      : this.#observer.prepare("SELECT DISTINCT route FROM lanes WHERE ready > 0").all();
    for (const row of rows) {
      const route = String(row["route"]);
      if (route === "fresh:doi") continue;
      const groups = route.split(" ");
      for (const process of idle) {
        if (process.book.room(groups).count === 0) continue;
        const key = `${process.workerId} ${route}`;
        const since = Math.max(
          this.#suspects.get(key) ?? now,
          judge.startedLast.get(groups.at(-1) ?? "") ?? 0,
        );
        suspects.set(key, since);
        if (now - since <= PATIENCE_MS) continue;
        judge.breach(now, `${route} is open and has work, but ${process.workerId} begins none`);
      }
    }
    this.#suspects = suspects;
  }
}
