/**
 * What a limit group is made of: the limits that are set for it, and what is kept of it in the database.
 *
 * @module
 */

import { type AdaptiveOptions, type AdaptiveState, initialAdaptiveState } from "./adaptive_state.ts";
import type { BudgetUse, DailyBudget } from "./daily_budget.ts";
import type { RateWindow } from "../model/rate.ts";
import type { TokenBucketSnapshot } from "./token_bucket.ts";

const DAY_MS = 86_400_000;

/** The limits of a group as the operator and the resolver's author set them. */
export interface GroupLimits {
  /** Requests under way at once; at least 1, `Infinity` for any number. */
  readonly concurrency: number;
  /** Rates, all of which hold. */
  readonly windows: readonly RateWindow[];
  /** Calls a day in the API's own units; absent where the API states none. */
  readonly dailyBudget?: DailyBudget;
  /** Whether limits that the server states may raise these. @default false */
  readonly raise?: boolean;
  /**
   * Whether no server stands behind the group, as that of a plugin which reads pages of any host: requests count, but what
   * one host answers says nothing of the others. @default false
   */
  readonly countsOnly?: boolean;
  /** How the group is approached, and how it adapts to refusals. */
  readonly adaptive: AdaptiveStart;
}

/** How a group is approached whose limits nobody states. */
export interface AdaptiveStart {
  /**
   * `gentle` begins slowly and becomes faster while nothing is refused. `full` begins with what the other limits
   * allow, and adapts from the first refusal on.
   */
  readonly start: "gentle" | "full";
  /** Steps, bounds and waits of adaptive control. */
  readonly options: AdaptiveOptions;
}

/** What an operator set for a group while it was in use; it stands above the configuration until it is taken back. */
export interface OperatorLimits {
  /** Requests under way at once. */
  readonly concurrency?: number;
  /** Rates, all of which hold. */
  readonly windows?: readonly RateWindow[];
  /** Calls a day, in the API's own units. */
  readonly dailyBudget?: number;
}

/** What is kept of a group in the database. */
export interface GroupState {
  /** No request before this instant, as the server asked; 0 for none. */
  coolUntil: number;
  /** What adaptive control found; `null` while nothing was refused under a full start. */
  adaptive: AdaptiveState | null;
  /** Levels of the buckets, by their rate as `formatRate` writes it. */
  buckets: Record<string, TokenBucketSnapshot>;
  /** What the server's headers stated. */
  learned: { windows: RateWindow[]; concurrency: number | null };
  /** The budget's day, as its start, and what was used of it. */
  budget: BudgetUse;
  /** Requests and refusals by rate since the group was made. */
  seen: { requests: number; limited: number };
  /** What `queue groups set` set; `null` for nothing. */
  operator: OperatorLimits | null;
  /** What configuration and plugin say, for those who look at the database. */
  configured: {
    /** 0 while no process has said it; `null` for any number. */
    readonly concurrency: number | null;
    readonly rates: readonly string[];
    readonly dailyBudget: number | null;
  };
}

/** The limits with those that an operator set above them. */
export function underOperator(limits: GroupLimits, operator: OperatorLimits | null): GroupLimits {
  if (!operator) return limits;
  const { concurrency = limits.concurrency, windows = limits.windows, dailyBudget } = operator;
  return {
    ...limits,
    concurrency,
    windows,
    ...(dailyBudget === undefined ? {} : { dailyBudget: { ...limits.dailyBudget, limit: dailyBudget } }),
  };
}

/**
 * The row of a group with what an operator sets put in.
 *
 * @param row The row as it stands; `null` for a group that was never asked.
 * @param operator What holds from now on; `null` takes back what was set before.
 */
export function withOperatorLimits(row: string | null, operator: OperatorLimits | null): string {
  return JSON.stringify({ ...(row === null ? freshState() : parseGroupState(row)), operator });
}

/** Reads a group's row; one that cannot be read was written by a later version and counts as fresh. */
export function parseGroupState(json: string): GroupState {
  try {
    const state: Partial<GroupState> = JSON.parse(json);
    // What an earlier version did not know yet begins as for a group that is new.
    const adaptive = state.adaptive ? { ...initialAdaptiveState(), ...state.adaptive } : null;
    return { ...freshState(), ...state, adaptive };
  } catch {
    return freshState();
  }
}

/**
 * Whether a group's row tells nothing that is of use any more: nobody was asked since an instant, no pause or budget reaches
 * beyond it, and no operator set its limits.
 */
export function isIdleSince(row: string, instant: number): boolean {
  const { coolUntil, adaptive, buckets, budget, operator } = parseGroupState(row);
  const instants = [
    coolUntil,
    budget.day + DAY_MS,
    adaptive?.openAtMs ?? 0,
    adaptive?.lastStartMs ?? 0,
    ...Object.values(buckets).map(({ at }) => at),
  ];
  return operator === null && Math.max(...instants) < instant;
}

/** The state of a group that was never asked. */
export function freshState(): GroupState {
  return {
    coolUntil: 0,
    adaptive: null,
    buckets: {},
    learned: { windows: [], concurrency: null },
    budget: { day: 0, used: 0 },
    seen: { requests: 0, limited: 0 },
    operator: null,
    configured: { concurrency: 0, rates: [], dailyBudget: null },
  };
}
