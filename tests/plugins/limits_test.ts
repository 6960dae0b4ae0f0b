import assert from "node:assert/strict";
import { limitsInForce, limitsSchema } from "../../src/plugins/limits.ts";

Deno.test("limitsInForce() takes the first case whose settings are set", () => {
  const declared = [
    { when: ["token"], rates: ["150/s"] },
    { when: ["email"], concurrency: 3, rates: ["10/s"] },
    { concurrency: 1, rates: ["5/s"], dailyBudget: 7 },
  ];
  const inForce = (set: readonly string[]) => limitsInForce(declared, (name) => set.includes(name));
  assert.deepEqual(inForce(["token", "email"]), { rates: [{ limit: 150, perMs: 1_000 }] });
  assert.deepEqual(inForce(["email"]), { concurrency: 3, rates: [{ limit: 10, perMs: 1_000 }] });
  assert.deepEqual(inForce([]), { concurrency: 1, rates: [{ limit: 5, perMs: 1_000 }], dailyBudget: 7 });
  assert.deepEqual(limitsInForce({}, () => true), { rates: [] });
  assert.deepEqual(limitsInForce([{ when: ["token"] }], () => false), { rates: [] });
});

Deno.test("limits of a manifest are validated", () => {
  assert.ok(limitsSchema.safeParse({ concurrency: 1, rates: ["1/s"], dailyBudget: 0.1 }).success);
  for (
    const bad of [
      { concurrency: 0 },
      { concurrency: 1_001 },
      { rates: Array(11).fill("1/s") },
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
