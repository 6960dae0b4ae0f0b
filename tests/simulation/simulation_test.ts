import { deepEqual, equal, notEqual } from "node:assert/strict";
import type { SimulationPlan } from "./_plan.ts";
import { replayCommand, simulate } from "./simulation.ts";

const SMALL = { requests: 1_500, hosts: 50, maxWorkers: 16, faultEveryMs: 120_000 };

for (let seed = 1; seed <= 8; seed++) {
  Deno.test(`the program keeps its promises in a simulated world, seed ${seed}`, async () => {
    await keepsPromises({ seed, ...SMALL });
  });
}

Deno.test("the same seed gives the same run, another seed another", async () => {
  const plan = { ...SMALL, requests: 200, faultEveryMs: 30_000 };
  const first = await simulate({ seed: 1, ...plan });
  equal((await simulate({ seed: 1, ...plan })).digest, first.digest);
  notEqual((await simulate({ seed: 2, ...plan })).digest, first.digest);
});

async function keepsPromises(plan: SimulationPlan): Promise<void> {
  const { breaches } = await simulate(plan);
  deepEqual(breaches, [], `replay: ${replayCommand(plan)}`);
}
