/**
 * Limit groups for people and programs.
 *
 * @module
 */

import type { GroupFacts, StatedLimits } from "../groups/group_facts.ts";
import { isoTime } from "./json.ts";
import { type Column, formatTable } from "./table.ts";
import { formatCount, formatDuration, formatUnits } from "./units.ts";

/** A group in the names of the JSON output. */
export function groupJson(group: GroupFacts): Record<string, unknown> {
  const { closed, found } = group;
  return {
    name: group.name,
    in_flight: group.inFlight,
    closed_until: closed && isoTime(closed.until),
    closed_why: closed && closed.why,
    in_force: limitsJson(group.inForce),
    configured: group.configured && limitsJson(group.configured),
    operator: group.operator && limitsJson(group.operator),
    learned: group.learned && { concurrency: group.learned.concurrency, rates: group.learned.rates },
    found: found && { concurrency: found.concurrency, per_second: found.perSecond },
    budget_used: group.budgetUsed,
    requests: group.requests,
    limited: group.limited,
  };
}

/** Limits in the names of the JSON output. */
export function limitsJson({ concurrency, rates, dailyBudget }: StatedLimits): Record<string, unknown> {
  return { concurrency, rates, daily_budget: dailyBudget };
}

/** Limits in short: `×4 10/s 5000/h 300/day`. */
export function limitsText(
  limits: Omit<StatedLimits, "dailyBudget"> & { readonly dailyBudget?: number | null } | null,
): string {
  if (limits === null) return "";
  const { concurrency, rates, dailyBudget = null } = limits;
  return [
    ...(concurrency === null ? [] : [`×${concurrency}`]),
    ...rates,
    ...(dailyBudget === null ? [] : [`${formatUnits(dailyBudget)}/day`]),
  ].join(" ");
}

/** Rates in force, with the pace that adaptive control found. */
export function ratesText({ inForce, found }: GroupFacts): string {
  return [...inForce.rates, ...(found ? [`~${found.perSecond.toFixed(1)}/s`] : [])].join(" ");
}

/** Why a group takes nothing at `now`, as the end of a sentence; `null` if nothing speaks against it. */
export function closedBecause({ closed, inForce }: GroupFacts, now: number): string | null {
  if (closed === null) return null;
  const when = `${formatDuration(closed.until - now)}, at ${isoTime(closed.until)}`;
  switch (closed.why) {
    case "cool-down":
      return `its server asked to wait; it opens in ${when}`;
    case "probe":
      return `it refused, and is tried with a single request in ${when}`;
    case "budget":
      return `the day's budget of ${
        formatUnits(inForce.dailyBudget ?? 0)
      } is used up; there is more in ${when}`;
    case "rate":
      return `its rate is used up; the next request starts in ${when}`;
    case "concurrency":
      return `all of its ${inForce.concurrency ?? 0} requests at a time are under way`;
    case "paused":
      return "the queue is paused";
  }
}

/** The same in short. */
export function closedFor({ until, why }: NonNullable<GroupFacts["closed"]>, now: number): string {
  return `closed for ${formatDuration(until - now)} (${why})`;
}

/** How the table says it. */
function openingText({ closed }: GroupFacts, now: number): string {
  if (closed === null) return "open";
  return closed.why === "concurrency" ? "full" : `${formatDuration(closed.until - now)} ${closed.why}`;
}

interface GroupColumn extends Column {
  readonly cell: (group: GroupFacts) => string;
  /** The order in which columns give way where the terminal is narrow; those without a number stay. */
  readonly givesWay?: number;
}

/**
 * All groups as a table. Columns that would be empty are left out, and on a narrow terminal those that explain the
 * limits in force.
 */
export function groupsTable(groups: readonly GroupFacts[], now: number, maxColumns: number | null): string {
  if (groups.length === 0) return "No limit group has been used yet.\n";
  const columns: readonly GroupColumn[] = [
    { title: "GROUP", cell: ({ name }) => name },
    { title: "OPENS IN", cell: (group) => openingText(group, now) },
    { title: "IN FLIGHT", align: "right", cell: inFlightText },
    { title: "RATES", cell: ratesText },
    { title: "CONFIGURED", givesWay: 1, cell: configuredText },
    { title: "OPERATOR", cell: ({ operator }) => limitsText(operator) },
    { title: "LEARNED", givesWay: 2, cell: ({ learned }) => limitsText(learned) },
    { title: "BUDGET", align: "right", cell: budgetText },
    { title: "REQUESTS", align: "right", givesWay: 3, cell: ({ requests }) => formatCount(requests) },
    { title: "429S", align: "right", cell: ({ limited }) => formatCount(limited) },
  ];
  let shown = columns.filter(({ cell }) => groups.some((group) => cell(group) !== ""));
  const table = (width: number | null) =>
    formatTable(shown, groups.map((group) => shown.map(({ cell }) => cell(group))), width);
  if (maxColumns === null) return table(null);
  const tooWide = () => table(null).split("\n").some((line) => [...line].length > maxColumns);
  for (let next = 1; next <= 3 && tooWide(); next++) {
    shown = shown.filter(({ givesWay }) => givesWay !== next);
  }
  return table(maxColumns);
}

/** The budget has a column of its own. */
function configuredText({ configured }: GroupFacts): string {
  return configured ? limitsText({ ...configured, dailyBudget: null }) : "";
}

/** Requests under way, of as many as there may be. */
function inFlightText({ inFlight, inForce: { concurrency } }: GroupFacts): string {
  return concurrency === null
    ? formatCount(inFlight)
    : `${formatCount(inFlight)}/${formatCount(concurrency)}`;
}

function budgetText({ budgetUsed, inForce: { dailyBudget } }: GroupFacts): string {
  if (dailyBudget === null) return budgetUsed > 0 ? formatUnits(budgetUsed) : "";
  return `${formatUnits(budgetUsed)}/${formatUnits(dailyBudget)}`;
}
