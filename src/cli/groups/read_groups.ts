/**
 * All limit groups of a queue.
 *
 * @module
 */

import type { Config, LimitRule } from "../../config/mod.ts";
import { parseInFlight } from "../../limits/mod.ts";
import type { Clock } from "../../model/ports.ts";
import type { HolderRow, WorkQueue } from "../../queue/mod.ts";
import { type GroupFacts, groupFacts } from "./group_facts.ts";

/** Reads the groups, by name and in the order of their names. */
export async function readGroups(
  queue: WorkQueue,
  config: Config,
  clock: Clock,
): Promise<ReadonlyMap<string, GroupFacts>> {
  const [rows, holders] = await Promise.all([queue.groups(), queue.holders()]);
  const inFlight = sumInFlight(holders);
  const facts = rows.map((row) => {
    const rule = ruleOf(row.name, config);
    return groupFacts(row, {
      clock,
      inFlight: inFlight.get(row.name) ?? 0,
      raise: rule.raise ?? false,
      resetHourUtc: rule.budget_reset_hour_utc ?? 0,
    });
  });
  facts.sort((one, other) => one.name < other.name ? -1 : 1);
  return new Map(facts.map((fact) => [fact.name, fact]));
}

/** What the processes that work on the queue have under way, by group. */
function sumInFlight(holders: readonly HolderRow[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const holder of holders) {
    for (const [name, { inFlight }] of parseInFlight(holder.inFlight)) {
      sums.set(name, (sums.get(name) ?? 0) + inFlight);
    }
  }
  return sums;
}

/** What the configuration says of a group that its row does not hold. */
function ruleOf(name: string, { limits, resolvers }: Config): LimitRule {
  return name.startsWith("host:")
    ? { ...limits["default"], ...(limits[name] ?? limits[name.slice("host:".length)]) }
    : { ...resolvers[name]?.limits, ...limits[name] };
}
