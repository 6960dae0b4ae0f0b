/**
 * What the database holds of a limit group, for people and programs.
 *
 * @module
 */

import { formatRate, type GroupState } from "../../limits/mod.ts";
import type { GroupRow } from "../../queue/mod.ts";
import { isoTime, isoTimeOrNull } from "./json.ts";
import { formatTable } from "./table.ts";
import { formatCount, formatDuration } from "./units.ts";

/** A limit group as the last process that worked with it left it. */
export interface GroupFacts {
  readonly name: string;
  /** No request before this instant; 0 for none. */
  readonly closedUntil: number;
  /** Who closed it: the server by `Retry-After` or a limit's header, or we after a refusal that named no time. */
  readonly closedBy: "server" | "back-off";
  /** Rates in force, as `10/s`. */
  readonly rates: readonly string[];
  /** Rates that the server's headers stated. */
  readonly learnedRates: readonly string[];
  readonly learnedConcurrency: number | null;
  /** What adaptive control found; `null` where it does not rule. */
  readonly adaptive: { readonly perSecond: number; readonly concurrency: number } | null;
  /** What was used of the day's budget. */
  readonly budgetUsed: number;
  readonly requests: number;
  /** Refusals by rate. */
  readonly limited: number;
}

/** Reads the rows of all groups, by name. */
export function readGroups(rows: readonly GroupRow[]): ReadonlyMap<string, GroupFacts> {
  const facts = rows.map(({ name, state }) => factsOf(name, parse(state)));
  return new Map(facts.map((fact) => [fact.name, fact]));
}

/** A group that an older version wrote may lack any of its fields. */
function parse(json: string): Partial<GroupState> {
  try {
    const state: unknown = JSON.parse(json);
    return typeof state === "object" && state !== null ? state : {};
  } catch {
    return {};
  }
}

function factsOf(name: string, state: Partial<GroupState>): GroupFacts {
  const { coolUntil = 0, adaptive, learned, buckets = {}, seen, budget } = state;
  const backOffUntil = adaptive?.openAtMs ?? 0;
  return {
    name,
    closedUntil: Math.max(coolUntil, backOffUntil),
    closedBy: coolUntil >= backOffUntil ? "server" : "back-off",
    rates: Object.keys(buckets),
    learnedRates: learned?.windows.map(formatRate) ?? [],
    learnedConcurrency: learned?.concurrency ?? null,
    adaptive: adaptive ? { perSecond: 1000 / adaptive.intervalMs, concurrency: adaptive.concurrency } : null,
    budgetUsed: budget?.used ?? 0,
    requests: seen?.requests ?? 0,
    limited: seen?.limited ?? 0,
  };
}

/** Why a group takes nothing at `now`; `null` if nothing speaks against it. */
export function closedBecause({ closedUntil, closedBy }: GroupFacts, now: number): string | null {
  if (closedUntil <= now) return null;
  const who = closedBy === "server"
    ? "its server asked to wait"
    : "it refused, and is left alone for a while";
  return `${who}; it opens in ${formatDuration(closedUntil - now)}, at ${isoTime(closedUntil)}`;
}

/** A group in the names of the JSON output. */
export function groupJson(group: GroupFacts, now: number): Record<string, unknown> {
  const closed = group.closedUntil > now;
  return {
    name: group.name,
    closed_until: isoTimeOrNull(closed ? group.closedUntil : null),
    closed_by: closed ? group.closedBy : null,
    rates: group.rates,
    learned_rates: group.learnedRates,
    learned_concurrency: group.learnedConcurrency,
    adaptive_per_second: group.adaptive?.perSecond ?? null,
    adaptive_concurrency: group.adaptive?.concurrency ?? null,
    budget_used: group.budgetUsed,
    requests: group.requests,
    limited: group.limited,
  };
}

/** All groups as a table. */
export function groupsTable(groups: readonly GroupFacts[], now: number, maxColumns: number | null): string {
  if (groups.length === 0) return "No limit group has been used yet.\n";
  const columns = [
    { title: "GROUP" },
    { title: "OPENS IN", align: "right" as const },
    { title: "RATES" },
    { title: "LEARNED" },
    { title: "FOUND", align: "right" as const },
    { title: "BUDGET USED", align: "right" as const },
    { title: "REQUESTS", align: "right" as const },
    { title: "REFUSED", align: "right" as const },
  ];
  const rows = groups.map((group) => [
    group.name,
    group.closedUntil > now ? formatDuration(group.closedUntil - now) : "open",
    group.rates.join(", "),
    learnedText(group),
    group.adaptive ? `${group.adaptive.perSecond.toFixed(2)}/s × ${group.adaptive.concurrency}` : "",
    group.budgetUsed > 0 ? formatCount(Math.round(group.budgetUsed)) : "",
    formatCount(group.requests),
    formatCount(group.limited),
  ]);
  return formatTable(columns, rows, maxColumns);
}

function learnedText({ learnedRates, learnedConcurrency }: GroupFacts): string {
  return [...learnedRates, ...(learnedConcurrency === null ? [] : [`${learnedConcurrency} at once`])].join(
    " ",
  );
}
