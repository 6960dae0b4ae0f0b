import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { backoffDelayMs } from "../../src/queue/mod.ts";
import { always } from "./_jobs.ts";

const DAY_MS = 86_400_000;

Deno.test("backoffDelayMs() doubles with each attempt", () => {
  const policy = { maxAttempts: 9, backoffMs: 1_000, jitterMs: 0 };
  const delays = [1, 2, 3, 4].map((attempts) => backoffDelayMs(policy, attempts, always(0.7)));
  equal(delays.join(" "), "1000 2000 4000 8000");
});

Deno.test("backoffDelayMs() adds up to the jitter", () => {
  const policy = { maxAttempts: 9, backoffMs: 1_000, jitterMs: 300 };
  equal(backoffDelayMs(policy, 1, always(0)), 1_000);
  equal(backoffDelayMs(policy, 1, always(0.5)), 1_150);
  equal(backoffDelayMs(policy, 2, always(0.999_999)), 2_300);
});

Deno.test("backoffDelayMs() grows no further than a day, however many attempts", () => {
  const policy = { maxAttempts: 9_999, backoffMs: 60_000, jitterMs: 15_000 };
  equal(backoffDelayMs(policy, 11, always(0)), 60_000 * 1_024);
  for (const attempts of [12, 100, 5_000]) equal(backoffDelayMs(policy, attempts, always(0)), DAY_MS);
});

Deno.test("backoffDelayMs() is whole, never shrinks, and stays within its bounds", () => {
  const settings = fc.record({
    backoffMs: fc.integer({ min: 1, max: 3_600_000 }),
    jitterMs: fc.integer({ min: 0, max: 600_000 }),
    attempts: fc.integer({ min: 1, max: 2_000 }),
    chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
  fc.assert(fc.property(settings, ({ backoffMs, jitterMs, attempts, chance }) => {
    const policy = { maxAttempts: 3, backoffMs, jitterMs };
    const delayMs = backoffDelayMs(policy, attempts, always(chance));
    const least = Math.min(backoffMs * 2 ** (attempts - 1), DAY_MS);
    ok(Number.isInteger(delayMs), `${delayMs} is whole`);
    ok(delayMs >= least && delayMs <= least + jitterMs, `${least} <= ${delayMs} <= ${least + jitterMs}`);
    ok(backoffDelayMs(policy, attempts + 1, always(chance)) >= delayMs);
  }));
});
