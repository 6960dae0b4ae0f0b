/**
 * Limits and answers for tests of limit groups.
 *
 * @module
 */

import { ADAPTIVE_DEFAULTS, type AdaptiveStart, type GroupLimits } from "../../src/limits/mod.ts";
import type { Feedback } from "../../src/model/permit.ts";

/** The start of a host that nobody knows anything of. */
export const GENTLE: AdaptiveStart = { start: "gentle", options: ADAPTIVE_DEFAULTS };

/** Limits that stand in nobody's way but for what is stated. */
export function limits(fields: Partial<GroupLimits> = {}): GroupLimits {
  return {
    concurrency: 100,
    windows: [],
    adaptive: { start: "full", options: ADAPTIVE_DEFAULTS },
    ...fields,
  };
}

/** What is told of an answer. */
export function answered(
  status = 200,
  headers: Record<string, string> = {},
  more: { message?: string; isRetry?: boolean } = {},
): Feedback {
  return { type: "answered", status, headers: new Headers(headers), latencyMs: 10, ...more };
}
