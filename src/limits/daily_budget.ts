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
}

/** What is left of a budget, and when there will be more. */
export interface BudgetLeft {
  readonly left: number;
  readonly moreAt: number;
}

/**
 * Whose clock is right to the minute, the provider's or ours? A call this close to the reset, on either side, is counted for
 * both days, or one that leaves a moment early or arrives a moment late would be one too many.
 */
const BORDER_MS = 300_000;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** What is left of `budget` at `now`. */
export function budgetLeft(budget: DailyBudget, kept: BudgetUse, now: number): BudgetLeft {
  const { day, used, before = 0 } = usedBy(budget, kept, now);
  const today = budget.limit - used;
  const borderEnd = day + BORDER_MS;
  if (now < borderEnd && today >= 1) {
    return { left: Math.min(today, budget.limit - before), moreAt: borderEnd };
  }
  return { left: today, moreAt: day + DAY_MS + (used >= budget.limit ? BORDER_MS : 0) };
}

/** `kept` after `cost` units more; a negative cost gives back. */
export function spend(budget: DailyBudget, kept: BudgetUse, cost: number, now: number): BudgetUse {
  const use = usedBy(budget, kept, now);
  const { day, late = 0, before = 0 } = use;
  // What is given back may have been another day's: the border days stay charged.
  const charged = Math.max(0, cost);
  return {
    day,
    used: Math.max(0, use.used + cost),
    late: late + (now >= day + DAY_MS - BORDER_MS ? charged : 0),
    before: before + (now < day + BORDER_MS ? charged : 0),
  };
}

/** `kept`, or a new day begun. */
function usedBy({ resetHourUtc = 0 }: DailyBudget, kept: BudgetUse, now: number): BudgetUse {
  const offset = resetHourUtc * HOUR_MS;
  const day = Math.floor((now - offset) / DAY_MS) * DAY_MS + offset;
  const { used, late = 0 } = kept;
  // A clock that was set back a little has not undone the reset.
  if (day === kept.day || (day < kept.day && now >= kept.day - BORDER_MS)) return kept;
  return day === kept.day + DAY_MS
    ? { day, used: late, late: 0, before: used }
    : { day, used: 0, late: 0, before: 0 };
}
