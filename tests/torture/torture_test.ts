import { deepEqual, equal, ok } from "node:assert/strict";
import { SeededRandom } from "../../src/runtime/mod.ts";
import { BINARY, PROGRAM_KIND } from "../_support/program.ts";
import { nextHit } from "./plan.ts";
import { torture } from "./torture.ts";

const KILLS = 30;

Deno.test("nextHit() gives the same sequence for the same seed", () => {
  const sequence = (seed: number) => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 50 }, () => nextHit(random));
  };
  deepEqual(sequence(7), sequence(7));
  equal(new Set(sequence(7).map(({ blow }) => blow)).size, 3);
});

Deno.test({
  name: `${KILLS} kills at random moments lose nothing and do nothing twice ${PROGRAM_KIND}`,
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const seed = Number(Deno.env.get("TORTURE_SEED") ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`deno task torture --kills ${KILLS} --seed ${seed}`);
    const rounds = await torture({
      kills: KILLS,
      seed,
      works: 160,
      strictHost: false,
      processes: BINARY === undefined ? [2, 1] : [1],
      outlasts: 0,
    });
    for (const { processes, blows, refetches, inFlightAtKills, pauses, seconds } of rounds) {
      console.log(
        JSON.stringify({
          processes,
          ...blows,
          refetches,
          inFlightAtKills,
          pauses,
          seconds: Math.round(seconds),
        }),
      );
    }
    deepEqual(rounds.flatMap(({ faults }) => faults), []);
    ok(rounds.reduce((sum, { blows }) => sum + blows.kill, 0) >= KILLS);
  },
});
