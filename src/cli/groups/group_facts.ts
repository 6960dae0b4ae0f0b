/**
 * What the database holds of a limit group, as far as an operator asks for it.
 *
 * @module
 */

import {
  ADAPTIVE_DEFAULTS,
  type GroupState,
  LimitGroup,
  type OperatorLimits,
  parseGroupState,
} from "../../limits/mod.ts";
import { formatRate, parseRate } from "../../model/rate.ts";
import type { ClosedWhy } from "../../model/permit.ts";
import type { Clock } from "../../model/ports.ts";
import type { GroupRow } from "../../queue/mod.ts";

/** Limits from one source; what it does not state is `null` or empty. */
export interface StatedLimits {
  /** Requests under way at once. */
  readonly concurrency: number | null;
  /** Rates as `10/s`. */
  readonly rates: readonly string[];
  /** Calls a day, in the API's own units. */
  readonly dailyBudget: number | null;
}

/** A limit group as the last process that worked with it left it. */
export interface GroupFacts {
  readonly name: string;
  /** By configuration and plugin; `null` while no process has worked with the group. */
  readonly configured: StatedLimits | null;
  /** What `queue groups set` set; `null` for nothing. */
  readonly operator: StatedLimits | null;
  /** What the server's headers stated; `null` for nothing. */
  readonly learned: Omit<StatedLimits, "dailyBudget"> | null;
  /** What adaptive control found; `null` where it does not rule. */
  readonly found: { readonly perSecond: number; readonly concurrency: number } | null;
  /** What holds. */
  readonly inForce: StatedLimits;
  /** Requests under way, of all processes. */
  readonly inFlight: number;
  /** Until when no request starts, and why; `null` if one can start now. */
  readonly closed: { readonly until: number; readonly why: ClosedWhy } | null;
  /** What was used of the day's budget. */
  readonly budgetUsed: number;
  readonly requests: number;
  /** Refusals by rate. */
  readonly limited: number;
}

/** What the row of a group does not hold. */
export interface GroupSurroundings {
  readonly clock: Clock;
  /** Requests under way, of all processes. */
  readonly inFlight: number;
  /** Whether limits that the server states may raise the others. */
  readonly raise: boolean;
  readonly resetHourUtc: number;
}

const DAY_MS = 86_400_000;

/** Reads a group's row. */
export function groupFacts({ name, state: json }: GroupRow, surroundings: GroupSurroundings): GroupFacts {
  const { clock, inFlight } = surroundings;
  const state = parseGroupState(json);
  const { learned, adaptive, operator, budget, seen } = state;
  const configured = state.configured.concurrency === 0 ? null : state.configured;
  const group = groupOf(name, state, surroundings);
  const room = group.room(inFlight);
  return {
    name,
    configured,
    operator: operator && statedBy(operator),
    learned: learned.concurrency === null && learned.windows.length === 0
      ? null
      : { concurrency: learned.concurrency, rates: learned.windows.map(formatRate) },
    found: adaptive && { perSecond: 1000 / adaptive.intervalMs, concurrency: adaptive.concurrency },
    inForce: {
      concurrency: Number.isFinite(group.concurrency) ? group.concurrency : null,
      rates: [...new Set(group.windows.map(formatRate))],
      dailyBudget: operator?.dailyBudget ?? configured?.dailyBudget ?? null,
    },
    inFlight,
    closed: room.count > 0 ? null : { until: room.until, why: room.why },
    budgetUsed: clock.now() < budget.day + DAY_MS ? budget.used : 0,
    requests: seen.requests,
    limited: seen.limited,
  };
}

/** The group itself, so that what is shown is decided where it is decided for a request. */
function groupOf(
  name: string,
  state: GroupState,
  { clock, raise, resetHourUtc }: GroupSurroundings,
): LimitGroup {
  const { concurrency, rates, dailyBudget } = state.configured;
  return new LimitGroup(
    name,
    {
      // Where no process has said yet what is configured, nothing is known to stand in the way.
      concurrency: concurrency || Infinity,
      windows: rates.map(parseRate),
      ...(dailyBudget === null ? {} : { dailyBudget: { limit: dailyBudget, resetHourUtc } }),
      raise,
      adaptive: { start: "full", options: ADAPTIVE_DEFAULTS },
    },
    clock,
    state,
  );
}

/** What an operator set. */
export function statedBy({ concurrency, windows = [], dailyBudget }: OperatorLimits): StatedLimits {
  return {
    concurrency: concurrency ?? null,
    rates: windows.map(formatRate),
    dailyBudget: dailyBudget ?? null,
  };
}
