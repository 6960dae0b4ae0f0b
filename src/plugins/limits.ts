/**
 * Reads the limits that a plugin declares. The operator's are the configuration's, and stand above them.
 *
 * @module
 */

import { z } from "zod";
import { isRate, parseRate, type RateWindow } from "../model/rate.ts";
import type { LimitCase, PluginLimits } from "./api.ts";

/** The limits that a plugin states for its group; what is absent it leaves open. */
export interface ResolverLimits {
  /** Requests at a time. */
  readonly concurrency?: number;
  /** All of them hold together. */
  readonly rates: readonly RateWindow[];
  /** Calls a day, in the provider's own units. */
  readonly dailyBudget?: number;
}

const rate = z.string().refine(isRate, {
  error: (issue) => `is "${String(issue.input).slice(0, 40)}", which is no rate such as "10/s" or "1/3s"`,
});
const limitFields = {
  concurrency: z.number().int().min(1).max(1_000).optional(),
  rates: z.array(rate).max(10).optional(),
  dailyBudget: z.number().positive().optional(),
};

/** Validates the limits of a manifest. */
export const limitsSchema = z.union([
  z.strictObject(limitFields),
  z.array(z.strictObject({ ...limitFields, when: z.array(z.string()).max(10).optional() })).max(10),
]);

/**
 * The limits that hold with the settings in force.
 *
 * @param declared The plugin's.
 * @param isSet Whether the setting of that name has a value.
 */
export function limitsInForce(
  declared: PluginLimits | readonly LimitCase[],
  isSet: (setting: string) => boolean,
): ResolverLimits {
  const cases: readonly LimitCase[] = Array.isArray(declared) ? declared : [declared];
  const { concurrency, rates = [], dailyBudget } = cases.find((one) => (one.when ?? []).every(isSet)) ?? {};
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    rates: rates.map(parseRate),
    ...(dailyBudget === undefined ? {} : { dailyBudget }),
  };
}
