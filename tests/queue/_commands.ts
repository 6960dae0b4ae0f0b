/**
 * Random commands to a queue.
 *
 * @module
 */

import fc from "fast-check";

/** The workers of the model: several lease holders. */
export const WORKERS = ["a", "b", "c"] as const;

/** The routes that jobs wait on; the first is that of fresh jobs. */
export const ROUTES = ["fresh:doi", "host:one.example", "host:two.example"] as const;

/** One thing that can be done to a queue. `nth` picks among all leases that were ever given, stale ones included. */
export type Command =
  | { readonly type: "enqueue"; readonly numbers: readonly number[] }
  | { readonly type: "lease"; readonly worker: string; readonly route: string; readonly count: number }
  | { readonly type: "settle"; readonly nth: number; readonly how: How }
  | {
    readonly type: "exchange";
    readonly worker: string;
    readonly settles: readonly Settle[];
    readonly count: number;
    readonly heartbeat: boolean;
  }
  | { readonly type: "heartbeat"; readonly worker: string }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "retryFailed" }
  | { readonly type: "pause" | "resume" };

/** A settlement of a lease. */
export interface Settle {
  readonly nth: number;
  readonly how: How;
}

/** What is said of a lease. */
export type How =
  | { readonly type: "ack"; readonly reason: "ok" | "closed-access" | "not-pdf" }
  | { readonly type: "retry" | "release"; readonly route: string; readonly cursor: string | null }
  | {
    readonly type: "hold";
    readonly route: string;
    readonly cursor: string | null;
    readonly delayMs: number | null;
  };

const worker = fc.constantFrom(...WORKERS);
const route = fc.constantFrom(...ROUTES);
const cursor = fc.constantFrom(null, "x", "y");
const count = fc.integer({ min: 1, max: 4 });
/** Mostly the latest leases, which are most likely to be held. */
const nth = fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(30) });

const how: fc.Arbitrary<How> = fc.oneof(
  fc.record({
    type: fc.constant("ack" as const),
    reason: fc.constantFrom("ok" as const, "closed-access" as const, "not-pdf" as const),
  }),
  fc.record({ type: fc.constantFrom("retry" as const, "release" as const), route, cursor }),
  fc.record({
    type: fc.constant("hold" as const),
    route,
    cursor,
    delayMs: fc.constantFrom(null, -5, 0, 50, 500),
  }),
);
const settle = fc.record({ nth, how });

/** Any command; leases and settlements are most of them. */
export const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("enqueue" as const),
      numbers: fc.array(fc.nat(7), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("lease" as const), worker, route, count }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("settle" as const), nth, how }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("exchange" as const),
      worker,
      settles: fc.array(settle, { maxLength: 3 }),
      count,
      heartbeat: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("heartbeat" as const), worker }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.constantFrom(1, 99, 100, 200, 1_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom("retryFailed" as const, "pause" as const, "resume" as const, "resume" as const),
    }),
  },
);
