import type { RetryPolicy } from "../../src/queue/mod.ts";
import type { SeededRandom, VirtualClock } from "../../src/runtime/mod.ts";
import type { WriteCounter } from "./_faulty_queue.ts";
import type { Judge } from "./_judge.ts";
import type { SimulationPlan, World } from "./_plan.ts";
import type { SimulatedWeb } from "./_web.ts";

/** What outlives a process. */
export interface SharedWorld {
  readonly plan: SimulationPlan;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly world: World;
  readonly web: SimulatedWeb;
  readonly judge: Judge;
  readonly writes: WriteCounter;
  /** The database file. */
  readonly path: string;
  readonly retry: RetryPolicy;
  /** Whether a lease is still in force, by the database. */
  readonly holds: (lease: { readonly jobId: number; readonly epoch: number }) => boolean;
}
