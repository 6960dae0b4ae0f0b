import { deepEqual, equal, notDeepEqual, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { SeededRandom, SystemRandom } from "../../src/runtime/mod.ts";

const take = (random: { next(): number }, count: number) =>
  Array.from({ length: count }, () => random.next());

Deno.test("SeededRandom repeats its sequence for a seed and has another for the next one", () => {
  fc.assert(fc.property(fc.integer(), (seed) => {
    deepEqual(take(new SeededRandom(seed), 20), take(new SeededRandom(seed), 20));
    notDeepEqual(take(new SeededRandom(seed), 4), take(new SeededRandom(seed + 1), 4));
  }));
});

Deno.test("SeededRandom keeps the sequence that printed seeds stand for", () => {
  deepEqual(take(new SeededRandom(42), 4).map((value) => value * 2 ** 32), [
    2_476_999_517,
    2_284_424_721,
    914_527_439,
    3_398_404_915,
  ]);
});

Deno.test("SeededRandom and SystemRandom are uniform in [0, 1)", () => {
  for (const random of [new SeededRandom(1), new SeededRandom(-7), new SystemRandom()]) {
    const values = take(random, 20_000);
    ok(values.every((value) => value >= 0 && value < 1));
    const tenths = Map.groupBy(values, (value) => Math.floor(value * 10));
    equal(tenths.size, 10);
    // Each tenth expects 2000 with a standard deviation of 42: five of these are beyond chance.
    for (const tenth of tenths.values()) ok(Math.abs(tenth.length - 2_000) < 5 * 43);
  }
});

Deno.test("SeededRandom refuses a seed that is not a whole number", () => {
  throws(() => new SeededRandom(0.5), new RangeError("Cannot seed: 0.5 is not a whole number"));
});
