import assert from "node:assert/strict";
import * as fc from "fast-check";
import { limitsInForce, limitsSchema, readRate } from "../../src/plugins/limits.ts";

Deno.test("readRate() reads counts, windows and units", () => {
  assert.deepEqual(readRate("10/s"), { count: 10, perMs: 1_000 });
  assert.deepEqual(readRate("1/3s"), { count: 1, perMs: 3_000 });
  assert.deepEqual(readRate("100/5m"), { count: 100, perMs: 300_000 });
  assert.deepEqual(readRate("5000/h"), { count: 5_000, perMs: 3_600_000 });
  assert.deepEqual(readRate("100000/d"), { count: 100_000, perMs: 86_400_000 });
  assert.deepEqual(readRate("1/0.5s"), { count: 1, perMs: 500 });
});

Deno.test("readRate() refuses what is no rate, and never gives zero", () => {
  for (
    const text of [
      "",
      "10",
      "0/s",
      "10/0s",
      "10/w",
      "-1/s",
      "1.5/s",
      "10/ s",
      "1e3/s",
      "10/0.0s",
      "10/99999s",
    ]
  ) {
    assert.equal(readRate(text), undefined, text);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    const rate = readRate(text);
    return rate === undefined || (rate.count > 0 && rate.perMs > 0 && Number.isFinite(rate.perMs));
  }));
});

Deno.test("limitsInForce() takes the first case whose settings are set, and the operator's fields over it", () => {
  const declared = [
    { when: ["token"], rates: ["150/s"] },
    { when: ["email"], concurrency: 3, rates: ["10/s"] },
    { concurrency: 1, rates: ["5/s"], dailyBudget: 7 },
  ];
  const inForce = (set: readonly string[], overrides = {}) =>
    limitsInForce(declared, (name) => set.includes(name), overrides);
  assert.deepEqual(inForce(["token", "email"]), { rates: [{ count: 150, perMs: 1_000 }] });
  assert.deepEqual(inForce(["email"]), { concurrency: 3, rates: [{ count: 10, perMs: 1_000 }] });
  assert.deepEqual(inForce([]), { concurrency: 1, rates: [{ count: 5, perMs: 1_000 }], dailyBudget: 7 });
  assert.deepEqual(inForce([], { rates: [], daily_budget: 9 }), {
    concurrency: 1,
    rates: [],
    dailyBudget: 9,
  });
  assert.deepEqual(limitsInForce({}, () => true), { rates: [] });
  assert.deepEqual(limitsInForce([{ when: ["token"] }], () => false), { rates: [] });
});

Deno.test("limits of a manifest are validated", () => {
  assert.ok(limitsSchema.safeParse({ concurrency: 1, rates: ["1/s"], dailyBudget: 0.1 }).success);
  for (
    const bad of [
      { concurrency: 0 },
      { rates: ["x"] },
      { dailyBudget: 0 },
      { rate: [] },
      [{ when: "email" }],
      1,
    ]
  ) {
    assert.ok(!limitsSchema.safeParse(bad).success, JSON.stringify(bad));
  }
});
