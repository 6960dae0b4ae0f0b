import { ADAPTIVE_DEFAULTS, type GroupLimits } from "../../src/limits/mod.ts";
import { SeededRandom } from "../../src/runtime/mod.ts";

/** What a run is to be like. */
export interface SimulationPlan {
  readonly seed: number;
  /** Jobs in the queue. */
  readonly requests: number;
  readonly hosts: number;
  readonly maxWorkers: number;
  /** Mean time between two faults. */
  readonly faultEveryMs: number;
}

/** A server as it really is; what the program is told of it stands in `limits`. */
export interface Server {
  readonly name: string;
  readonly limits: GroupLimits;
  /** Requests a second that it takes, evenly spaced; `Infinity` where only `limits` count. */
  readonly perSecond: number;
  readonly connections: number;
  readonly oneWayMs: number;
  readonly serviceMs: number;
  /** Whether some of its files take most of a minute; where there is work for the whole day, they would take longer. */
  readonly hasLarge: boolean;
  /** Times in which it refuses everything. */
  readonly storms: readonly Storm[];
}

/** A time in which a server refuses everything. */
export interface Storm {
  readonly from: number;
  readonly to: number;
  /** How it says when to come back; never before the storm is over. */
  readonly says: "seconds" | "date" | "nothing";
}

/** The web and the work of one run. */
export interface World {
  readonly startMs: number;
  readonly servers: ReadonlyMap<string, Server>;
  /** The host that a job's file is on. */
  hostOf(job: number): string;
  /** Whether a resolver has to be asked for it. */
  isFresh(job: number): boolean;
}

/** Resolvers, any of which can be asked first. */
export const RESOLVERS = ["resolver-a", "resolver-b"] as const;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Makes the world of a seed. */
export function createWorld(plan: SimulationPlan): World {
  const random = new SeededRandom(plan.seed);
  const between = (low: number, high: number) => low + random.next() * (high - low);
  // Not long before midnight, so that budgets run out and are filled up again.
  const startMs = 20_000 * DAY_MS - Math.floor(between(0.2, 2) * HOUR_MS);
  const shares = Array.from({ length: plan.hosts }, (_, rank) => 1 / (rank + 1));
  const bounds: number[] = [];
  const whole = shares.reduce((sum, share) => (bounds.push(sum += share), sum), 0);
  const servers = new Map<string, Server>();
  for (const [rank, share] of shares.entries()) {
    const files = plan.requests * share / whole;
    // Nobody would wait for more than a day.
    const perSecond = Math.max(between(0.5, 20), files / (DAY_MS / 1000) * 2);
    servers.set(`host:${rank}`, {
      name: `host:${rank}`,
      limits: {
        concurrency: 4,
        windows: [],
        adaptive: { start: "gentle", options: ADAPTIVE_DEFAULTS },
      },
      perSecond,
      connections: 1 + Math.floor(between(0, 4)),
      oneWayMs: between(5, 150),
      serviceMs: between(5, 400),
      hasLarge: rank >= plan.hosts / 20,
      storms: random.next() < 0.2 ? [stormAt(startMs + between(0, 0.5) * HOUR_MS)] : [],
    });
  }
  for (const [index, name] of RESOLVERS.entries()) {
    const perSecond = Math.ceil(Math.max(2, plan.requests * 0.3 / (DAY_MS / 1000)));
    servers.set(name, {
      name,
      limits: {
        concurrency: 3 + index,
        windows: [{ limit: perSecond, perMs: 1_000 }, { limit: perSecond * 3_000, perMs: HOUR_MS }],
        // Together they know enough for the work of a day, but not evenly, so that some has to wait for midnight.
        dailyBudget: { limit: Math.ceil(plan.requests * 0.3 * 0.55) },
        adaptive: { start: "full", options: ADAPTIVE_DEFAULTS },
      },
      perSecond: Infinity,
      connections: Infinity,
      oneWayMs: between(20, 80),
      serviceMs: between(20, 300),
      hasLarge: false,
      storms: random.next() < 0.5 ? [stormAt(startMs + between(0, 0.3) * HOUR_MS)] : [],
    });
  }
  return {
    startMs,
    servers,
    hostOf: (job) => `host:${indexOf(bounds, fraction(job, plan.seed) * whole)}`,
    isFresh: (job) => fraction(job, plan.seed + 1) < 0.3,
  };

  function stormAt(from: number): Storm {
    // Evenly in its logarithm: seconds to more than an hour.
    const durationMs = Math.exp(between(Math.log(5_000), Math.log(5_000_000)));
    const says = (["seconds", "date", "nothing"] as const)[Math.floor(between(0, 3))] ?? "seconds";
    return { from, to: from + durationMs, says };
  }
}

/** A number in [0, 1) that belongs to a job. */
function fraction(job: number, seed: number): number {
  return new SeededRandom(job * 7919 + seed * 104_729).next();
}

function indexOf(bounds: readonly number[], value: number): number {
  let low = 0;
  for (let high = bounds.length - 1; low < high;) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
