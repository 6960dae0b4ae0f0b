/**
 * The dialects in which answers tell of limits; `limit_headers.ts` lists them and puts them together.
 *
 * @module
 */

import { asWindow, type Clocks, count, instant } from "./_limit_values.ts";
import { keyAndValue, parseFieldList } from "./_structured_field.ts";
import type { LearnedBudget, LearnedLimits } from "./learned_limits.ts";

/** What one dialect tells. */
export type Told = { -readonly [Name in keyof Omit<LearnedLimits, "limited">]: LearnedLimits[Name] };

/** Crossref: a limit with its interval, and the concurrency. */
export function crossref(headers: Headers): Told {
  const limit = count(headers.get("x-rate-limit-limit"));
  const interval = /^(\d+)\s*(ms|s|m|h|d)?$/i.exec(headers.get("x-rate-limit-interval")?.trim() ?? "");
  const concurrency = count(headers.get("x-concurrency-limit"));
  const told: Told = {};
  if (concurrency !== undefined && concurrency >= 1) told.concurrency = Math.floor(concurrency);
  const unitMs = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 }[interval?.[2]?.toLowerCase() ?? "s"] ?? 1e3;
  const windows = asWindow(limit, Number(interval?.[1]) * unitMs);
  if (windows.length > 0) told.windows = windows;
  return told;
}

/** GitHub's dialect and CORE's. */
export function xRateLimit(headers: Headers, clocks: Clocks): Told {
  const first = (...names: readonly string[]) => {
    const name = names.find((name) => headers.has(name));
    return name === undefined ? null : headers.get(name);
  };
  const told: Told = {};
  const remaining = count(first("x-ratelimit-remaining", "x-rate-limit-remaining", "x-ratelimitremaining"));
  const resetAt = instant(first("x-ratelimit-reset", "x-rate-limit-reset"), clocks);
  if (remaining !== undefined) told.remaining = remaining;
  if (resetAt !== undefined) told.resetAt = resetAt;
  return told;
}

/** All stages of the IETF drafts, and heroku's form of the first. */
export function ietfRateLimit(headers: Headers, clocks: Clocks): Told {
  const limits = parseFieldList(headers.get("ratelimit-limit") ?? "");
  const policies = parseFieldList(headers.get("ratelimit-policy") ?? "");
  const current = parseFieldList(headers.get("ratelimit") ?? "");
  const told: Told = {};

  const windows = [...limits, ...policies].flatMap(({ value, parameters }) => {
    // Some count bytes or connections; a partition key (pk) narrows whom it holds for, not how much.
    if ((parameters.get("qu") ?? "requests") !== "requests") return [];
    return asWindow(count(parameters.get("q") ?? value), (count(parameters.get("w")) ?? NaN) * 1000);
  });
  if (windows.length > 0) told.windows = windows;

  // Draft 07 told the members `limit=100`, `remaining=50`, `reset=30` of one service limit.
  const members = new Map(current.flatMap(({ value }) => keyAndValue(value)));
  const states = [
    { remaining: count(headers.get("ratelimit-remaining")), left: count(headers.get("ratelimit-reset")) },
    { remaining: count(members.get("remaining")), left: count(members.get("reset")) },
    ...current.map(({ parameters }) => ({
      remaining: count(parameters.get("r")),
      left: count(parameters.get("t")),
    })),
  ].filter(({ remaining, left }) => remaining !== undefined || left !== undefined);
  const fewest = states.toSorted((a, b) => (a.remaining ?? Infinity) - (b.remaining ?? Infinity))[0];
  if (fewest?.remaining !== undefined) told.remaining = fewest.remaining;
  const resetAt = instant(fewest?.left?.toString() ?? null, clocks);
  if (resetAt !== undefined) told.resetAt = resetAt;
  return told;
}

/** OpenAlex: what the answer cost and what is left of the day's budget. */
export function openAlexBudget(headers: Headers): LearnedBudget | undefined {
  for (const { remaining, costs, isAlone } of BUDGETS) {
    const cost = costs.map((name) => count(headers.get(name))).find((value) => value !== undefined);
    const left = count(headers.get(remaining));
    if (cost === undefined && (left === undefined || !isAlone)) continue;
    return {
      ...(left === undefined ? {} : { remaining: left }),
      ...(cost === undefined ? {} : { cost }),
    };
  }
  return undefined;
}

/** The dollar comes first: where both are told, credits are only its multiples. */
const BUDGETS = [
  { remaining: "x-ratelimit-remaining-usd", costs: ["x-ratelimit-cost-usd"], isAlone: true },
  {
    remaining: "x-ratelimit-remaining",
    costs: ["x-ratelimit-credits-used", "x-ratelimit-credits-required"],
    // This field alone counts requests; the cost beside it says that it counts credits.
    isAlone: false,
  },
] as const;
