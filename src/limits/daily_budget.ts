/**
 * Budgets of calls that a provider fills up once a day.
 *
 * @module
 */

/** A budget that is filled up once a day. */
export interface DailyBudget {
  /** Calls a day, in the API's own units. */
  readonly limit: number;
  /**
   * Hour of the day, UTC, at which the provider fills it up.
   *
   * @default {0}
   */
  readonly resetHourUtc?: number;
}

/** What was used of a budget. */
export interface BudgetUse {
  /** Start of the day that `used` counts, in milliseconds since the epoch. */
  day: number;
  /** Units used since then. */
  used: number;
  /** Of these, calls so close to the day's end that the provider may count them for the next. */
  late?: number;
  /** What was used of the day before. */
  before?: number;
  /** What the dearest call cost, of those on one day whose answers said so. */
  cost?: number;
  /** Start of that day. */
  costDay?: number;
}

/** What a call was charged, and when. */
export interface Charge {
  /** In the API's own units; negative to give back. */
  readonly units: number;
  /** In milliseconds since the epoch. */
  readonly at: number;
}

/** How many more calls a budget is good for, and when there will be more. */
export interface BudgetLeft {
  readonly calls: number;
  readonly moreAt: number;
}

/**
 * Whose clock is right to the minute, the provider's or ours? A call this close to the reset, on either side, is counted for
 * both days, or one that leaves a moment early or arrives a moment late would be one too many.
 */
const BORDER_MS = 300_000;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * What a call is to reserve: as much as the dearest one cost that an answer told of, one unit before. If that is more than
 * all of the budget, then all of it: such calls are made one at a time until an answer tells what they cost.
 */
export function expectedCost({ limit }: DailyBudget, { cost = 1 }: BudgetUse): number {
  return Math.min(cost, limit);
}

/** How many calls of the expected cost `budget` is good for at `now`. */
export function budgetLeft(budget: DailyBudget, kept: BudgetUse, now: number): BudgetLeft {
  const { day, used, before = 0 } = usedBy(budget, kept, now);
  const cost = expectedCost(budget, kept);
  const borderEnd = day + BORDER_MS;
  const today = callsFor(budget.limit - used, cost);
  if (now < borderEnd && today > 0) {
    return { calls: Math.min(today, callsFor(budget.limit - before, cost)), moreAt: borderEnd };
  }
  return { calls: today, moreAt: day + DAY_MS + BORDER_MS };
}

/** `kept` after a charge, which counts for the day, or the two days, that it was made on. */
export function charge(budget: DailyBudget, kept: BudgetUse, { units, at }: Charge, now: number): BudgetUse {
  const use = usedBy(budget, kept, now);
  const { day, used, late = 0, before = 0 } = use;
  const add = (sum: number, counts: boolean) => counts ? Math.max(0, sum + units) : sum;
  return {
    ...use,
    used: add(used, at >= day - BORDER_MS),
    late: add(late, at >= day + DAY_MS - BORDER_MS),
    before: add(before, at < day + BORDER_MS),
  };
}

/** `kept` after an answer told what its call cost. A new day forgets what was dear on the one before. */
export function learnCost(budget: DailyBudget, kept: BudgetUse, cost: number, now: number): BudgetUse {
  const use = usedBy(budget, kept, now);
  const dearest = use.costDay === use.day ? Math.max(use.cost ?? 0, cost) : cost;
  return { ...use, cost: dearest, costDay: use.day };
}

/** A millionth: 0.3 less three times 0.1 is a rounding error short of nothing. */
function callsFor(units: number, cost: number): number {
  return units > 0 ? Math.floor(units / cost + 1e-6) : 0;
}

/** `kept`, or a new day begun. */
function usedBy({ resetHourUtc = 0 }: DailyBudget, kept: BudgetUse, now: number): BudgetUse {
  const offset = resetHourUtc * HOUR_MS;
  const day = Math.floor((now - offset) / DAY_MS) * DAY_MS + offset;
  const { used, late = 0 } = kept;
  // A clock that was set back a little has not undone the reset.
  if (day === kept.day || (day < kept.day && now >= kept.day - BORDER_MS)) return kept;
  return day === kept.day + DAY_MS
    ? { ...kept, day, used: late, late: 0, before: used }
    : { ...kept, day, used: 0, late: 0, before: 0 };
}
