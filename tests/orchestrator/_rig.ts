/**
 * The real queue in memory, the real limit groups and a clock that is moved by hand, for tests of the orchestrator.
 *
 * @module
 */

import { GroupBook, type GroupLimits } from "../../src/limits/mod.ts";
import { silentLogger, silentMeter } from "../../src/model/ports.ts";
import {
  Orchestrator,
  type OrchestratorOptions,
  type ProcessJob,
  type Ways,
} from "../../src/orchestrator/mod.ts";
import {
  type ExchangeView,
  type LeasedJob,
  type NewJob,
  type Plan,
  SqliteWorkQueue,
  type WorkQueue,
} from "../../src/queue/mod.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { answered, limits } from "../limits/_groups.ts";
import { always } from "../queue/_jobs.ts";

export { answered, limits };

/** How long leases last. */
export const TTL_MS = 60_000;
/** How often they are extended. */
export const HEARTBEAT_MS = 20_000;

/** Jobs `doi:10.1/NAME.N` that wait on a route. */
export function jobsOn(route: string, count: number): NewJob[] {
  return Array.from({ length: count }, (_, n) => ({
    artifactId: `doi:10.1/${route}.${n}`,
    metadata: null,
    priority: 0,
    route,
  }));
}

/** A queue, groups and a clock. */
export interface Rig extends Disposable {
  readonly clock: VirtualClock;
  readonly queue: SqliteWorkQueue;
  readonly book: GroupBook;
  /** Limits by group; those not named have none. May be changed at any time before a group is met. */
  readonly limits: Map<string, GroupLimits>;
  /** Called on news of the book. */
  onNews: () => void;
  /** Makes an orchestrator for two workers, unless stated otherwise. */
  orchestrator(process: ProcessJob, options?: Partial<OrchestratorOptions>): Orchestrator;
}

/** Makes a rig. */
export function makeRig(): Rig {
  const clock = new VirtualClock();
  const retry = { maxAttempts: 3, backoffMs: 1_000, jitterMs: 0 };
  const queue = new SqliteWorkQueue({ path: ":memory:", clock, random: always(0.5), retry });
  const known = new Map<string, GroupLimits>();
  const book = new GroupBook({
    clock,
    limitsOf: (name) => known.get(name) ?? limits(),
    onNews: () => rig.onNews(),
  });
  const rig: Rig = {
    clock,
    queue,
    book,
    limits: known,
    onNews: () => {},
    orchestrator(process, options = {}) {
      const orchestrator = new Orchestrator({
        queue,
        book,
        needsOf: needsGroupOfRoute,
        process,
        clock,
        logger: silentLogger,
        meter: silentMeter,
        workerId: "worker",
        maxWorkers: 2,
        leaseTtlMs: TTL_MS,
        heartbeatMs: HEARTBEAT_MS,
        drain: true,
        ...options,
      });
      rig.onNews = () => orchestrator.nudge();
      return orchestrator;
    },
    [Symbol.dispose]: () => queue[Symbol.dispose](),
  };
  return rig;
}

/** Runs `work` with a path for a database that several connections share. */
export async function withFile(work: (open: (clock: VirtualClock) => SqliteWorkQueue) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const retry = { maxAttempts: 3, backoffMs: 1_000, jitterMs: 0 };
  try {
    // The line of writers moves in real time; a virtual clock would wait for ever.
    const options = { path: `${folder}/queue.sqlite`, random: always(0.5), retry, line: false };
    await work((clock) => new SqliteWorkQueue({ ...options, clock }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Each route needs the group of its name; `fresh:…` needs none. */
export function needsGroupOfRoute(route: string): readonly [Ways] {
  return [[route.startsWith("fresh:") ? [] : [route]]];
}

/** Plans inside an exchange of the real queue, and gives what was leased. */
export async function exchange(
  queue: WorkQueue,
  plan: (view: ExchangeView) => Partial<Plan>,
): Promise<readonly LeasedJob[]> {
  const exchanged = await queue.exchange({
    workerId: "worker",
    leaseTtlMs: TTL_MS,
    heartbeat: false,
    settlements: [],
    plan: (view) => ({ demand: [], groups: [], inFlight: null, ...plan(view) }),
  });
  return exchanged.leased;
}

/** A promise to wait for, and what keeps it. */
export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

/** Makes a gate that is shut. */
export function makeGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}
