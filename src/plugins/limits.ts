/**
 * Reads the limits that a plugin declares and an operator overrides.
 *
 * @module
 */

import { z } from "zod";
import type { LimitCase, PluginLimits } from "./api.ts";

/** A number of requests in a window of time. */
export interface RateWindow {
  /** Requests in the window. */
  readonly count: number;
  /** The length of the window. */
  readonly perMs: number;
}

/** The limits in force for a plugin's group; what is absent is unlimited. */
export interface ResolverLimits {
  /** Requests at a time. */
  readonly concurrency?: number;
  /** All of them hold together. */
  readonly rates: readonly RateWindow[];
  /** Calls a day, in the provider's own units. */
  readonly dailyBudget?: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const RATE = /^([1-9]\d{0,8})\/(\d{0,4}(?:\.\d{1,3})?)([smhd])$/;

/**
 * Reads a rate such as `10/s`, `1/3s` or `5000/h`.
 *
 * @returns `undefined` if it is none.
 */
export function readRate(text: string): RateWindow | undefined {
  const [, count = "", number = "", unit = ""] = RATE.exec(text) ?? [];
  const perMs = (number === "" ? 1 : Number(number)) * (UNIT_MS[unit] ?? 0);
  return perMs > 0 ? { count: Number(count), perMs } : undefined;
}

const rate = z.string().refine((text) => readRate(text) !== undefined, {
  error: (issue) => `is "${String(issue.input).slice(0, 40)}", which is no rate such as "10/s" or "1/3s"`,
});
const limitFields = {
  concurrency: z.number().int().min(1).max(1_000).optional(),
  rates: z.array(rate).max(10).optional(),
};

/** Validates the limits of a manifest. */
export const limitsSchema = z.union([
  z.strictObject({ ...limitFields, dailyBudget: z.number().positive().optional() }),
  z.array(
    z.strictObject({
      ...limitFields,
      dailyBudget: z.number().positive().optional(),
      when: z.array(z.string()).max(10).optional(),
    }),
  ).max(10),
]);

/** Validates `resolvers.<name>.limits` of the configuration. */
export const limitOverridesSchema = z.strictObject({
  ...limitFields,
  daily_budget: z.number().positive().optional(),
});

/** Limits as an operator writes them. */
export type LimitOverrides = z.output<typeof limitOverridesSchema>;

/**
 * The limits in force.
 *
 * @param declared The plugin's.
 * @param isSet Whether the setting of that name has a value.
 * @param overrides The operator's; each field replaces the plugin's.
 */
export function limitsInForce(
  declared: PluginLimits | readonly LimitCase[],
  isSet: (setting: string) => boolean,
  overrides: LimitOverrides = {},
): ResolverLimits {
  const cases: readonly LimitCase[] = Array.isArray(declared) ? declared : [declared];
  const chosen = cases.find((one) => (one.when ?? []).every(isSet)) ?? {};
  const concurrency = overrides.concurrency ?? chosen.concurrency;
  const dailyBudget = overrides.daily_budget ?? chosen.dailyBudget;
  const rates = (overrides.rates ?? chosen.rates ?? []).flatMap((text) => readRate(text) ?? []);
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    rates,
    ...(dailyBudget === undefined ? {} : { dailyBudget }),
  };
}
