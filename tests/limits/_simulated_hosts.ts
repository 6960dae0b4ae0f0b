import {
  adapt,
  ADAPTIVE_DEFAULTS,
  type AdaptiveEvent,
  type AdaptiveOptions,
  type AdaptiveState,
  initialAdaptiveState,
  nextStartAt,
} from "../../src/limits/mod.ts";

/** What a simulated host allows and how far away it is. */
export interface HostPlan {
  readonly ratePerSecond: number;
  readonly connections: number;
  readonly files: number;
  /** One way; each packet takes up to `jitter` of it more or less. */
  readonly latencyMs: number;
  readonly jitter: number;
  /** How long the host works on one request. */
  readonly serviceMs: number;
  /** Requests that the bucket takes beyond its rate before it refuses; none by default. */
  readonly burst?: number;
  /** For how long it asks not to be asked when it refuses; it does not by default. */
  readonly retryAfterMs?: number;
  /** Whether it refuses with 503 rather than 429. */
  readonly busy?: boolean;
  /** The share of requests that fail with 503 however slowly they come; none by default. */
  readonly failing?: number;
  /** The share of files that fail with 503 each time, and are tried {@linkcode BROKEN_TRIES} times; none by default. */
  readonly broken?: number;
  /** In place of the leaky bucket: requests a fixed window. */
  readonly window?: { readonly limit: number; readonly perMs: number };
}

const BROKEN_TRIES = 5;

/** What came of one host. */
export interface HostResult {
  readonly plan: HostPlan;
  readonly makespanMs: number;
  readonly requests: number;
  readonly refusals: number;
  /** Time above that which the host's limit allows. */
  readonly ratio: number;
  readonly state: AdaptiveState;
  readonly accepted: readonly number[];
  readonly refusedAt: readonly number[];
}

/** mulberry32: small, seeded, good enough. */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = a + 0x6D2B79F5 >>> 0;
    let t = Math.imul(a ^ a >>> 15, a | 1);
    t = t + Math.imul(t ^ t >>> 7, t | 61) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

/**
 * A host as nginx with `limit_req` (`nodelay` where it has a burst) and `limit_conn`: a leaky bucket in thousandths of a request and whole
 * milliseconds, as in `ngx_http_limit_req_lookup()`; what it refuses does not count.
 */
class Host {
  readonly plan: HostPlan;
  readonly accepted: number[] = [];
  readonly refusedAt: number[] = [];
  #lastMs: number | null = null;
  #excess = 0;
  #busy = 0;
  #windowAt = -Infinity;
  #windowUsed = 0;

  constructor(plan: HostPlan) {
    this.plan = plan;
  }

  arrive(nowMs: number): boolean {
    const ms = Math.floor(nowMs);
    const ok = this.#busy < this.plan.connections &&
      (this.plan.window ? this.#inWindow(nowMs) : this.#inBucket(ms));
    (ok ? this.accepted : this.refusedAt).push(nowMs);
    if (ok) this.#busy++;
    return ok;
  }

  leave(): void {
    this.#busy--;
  }

  #inBucket(ms: number): boolean {
    if (this.#lastMs !== null) {
      const excess = this.#excess + 1000 -
        Math.floor(Math.floor(this.plan.ratePerSecond * 1000) * (ms - this.#lastMs) / 1000);
      if (excess > (this.plan.burst ?? 0) * 1000) return false;
      this.#excess = Math.max(0, excess);
    }
    this.#lastMs = ms;
    return true;
  }

  #inWindow(nowMs: number): boolean {
    const { limit, perMs } = this.plan.window ?? { limit: 0, perMs: 1 };
    if (nowMs - this.#windowAt >= perMs) {
      this.#windowAt = nowMs;
      this.#windowUsed = 0;
    }
    return ++this.#windowUsed <= limit;
  }
}

interface Lane {
  readonly host: Host;
  state: AdaptiveState;
  backlog: number;
  /** How often those of the backlog were tried that are known to be broken. */
  readonly broken: number[];
  inFlight: number;
  doneAtMs: number;
  closedUntil: number;
}

/**
 * Downloads every file of every host on a virtual clock: a dispatcher that starts what may start, and tells each lane that
 * others finish later than it. Ends after `untilMs` at the latest.
 */
export function simulate(
  plans: readonly HostPlan[],
  seed: number,
  { options = ADAPTIVE_DEFAULTS, aware = true, untilMs = Infinity }: {
    readonly options?: AdaptiveOptions;
    readonly aware?: boolean;
    readonly untilMs?: number;
  } = {},
): readonly HostResult[] {
  const random = seeded(seed);
  const startMs = 1_000_000;
  let nowMs = startMs;
  let order = 0;
  const events: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  const later = (delayMs: number, run: () => void) => {
    const event = { at: nowMs + delayMs, order: order++, run };
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = low + high >>> 1;
      const other = events[middle];
      if (other && (other.at > event.at || other.at === event.at && other.order > event.order)) {
        low = middle + 1;
      } else high = middle;
    }
    events.splice(low, 0, event);
  };
  const lanes: readonly Lane[] = plans.map((plan) => ({
    host: new Host(plan),
    state: initialAdaptiveState(options),
    backlog: plan.files,
    broken: [],
    inFlight: 0,
    doneAtMs: startMs,
    closedUntil: startMs,
  }));

  const left = (lane: Lane) => (lane.backlog + lane.inFlight) * lane.state.intervalMs;
  const neededPerSecond = (lane: Lane) => {
    if (!aware) return Infinity;
    const latestMs = Math.max(...lanes.map(left));
    return left(lane) >= latestMs * 0.98 ? Infinity : (lane.backlog + lane.inFlight) / latestMs * 1000;
  };
  const tell = (lane: Lane, event: AdaptiveEvent) => {
    lane.state = adapt(lane.state, event, { nowMs, options, neededPerSecond: neededPerSecond(lane) });
  };
  const travel = ({ latencyMs, jitter }: HostPlan) => latencyMs * (1 + (2 * random() - 1) * jitter);

  const happens = (share = 0) => share > 0 && random() < share;

  function dispatch(lane: Lane): void {
    if (lane.backlog === 0 || lane.inFlight >= lane.state.concurrency) return;
    const at = Math.max(nextStartAt(lane.state), lane.closedUntil);
    if (at > nowMs) return later(at - nowMs + random(), () => dispatch(lane));
    start(lane);
    dispatch(lane);
  }

  function start(lane: Lane): void {
    const { host } = lane;
    const startedAtMs = nowMs;
    const triedBefore = lane.broken.length > 0 && random() * lane.backlog < lane.broken.length
      ? lane.broken.pop() ?? 0
      : 0;
    const isBroken = triedBefore > 0 || happens(host.plan.broken);
    lane.backlog--;
    lane.inFlight++;
    tell(lane, { type: "started" });
    later(travel(host.plan), () => {
      const failed = isBroken || happens(host.plan.failing);
      const accepted = !failed && host.arrive(nowMs);
      const serviceMs = accepted ? host.plan.serviceMs : 0;
      later(serviceMs, () => accepted && host.leave());
      later(serviceMs + travel(host.plan), () => {
        lane.inFlight--;
        if (accepted) lane.doneAtMs = nowMs;
        else if (!isBroken) lane.backlog++;
        else if (triedBefore + 1 < BROKEN_TRIES) {
          lane.backlog++;
          lane.broken.push(triedBefore + 1);
        }
        const heldMs = nowMs - startedAtMs;
        if (!accepted && !failed) lane.closedUntil = nowMs + (host.plan.retryAfterMs ?? 0);
        tell(
          lane,
          accepted
            ? { type: "ok", startedAtMs, latencyMs: heldMs }
            : failed || host.plan.busy
            ? { type: "busy", startedAtMs, isRetry: triedBefore > 0 }
            : { type: "limited", startedAtMs },
        );
        if (accepted) tell(lane, { type: "finished", heldMs });
        dispatch(lane);
      });
    });
  }

  for (const lane of lanes) dispatch(lane);
  for (let next = events.pop(); next && next.at <= startMs + untilMs; next = events.pop()) {
    nowMs = next.at;
    next.run();
  }
  return lanes.map(({ host, state, doneAtMs }) => {
    const { plan } = host;
    const makespanMs = doneAtMs - startMs;
    return {
      plan,
      makespanMs,
      requests: host.accepted.length + host.refusedAt.length,
      refusals: host.refusedAt.length,
      ratio: makespanMs / (plan.files / plan.ratePerSecond * 1000),
      state,
      accepted: host.accepted,
      refusedAt: host.refusedAt,
    };
  });
}
