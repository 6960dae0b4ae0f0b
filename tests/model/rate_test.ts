import assert from "node:assert/strict";
import fc from "fast-check";
import { formatRate, parseRate } from "../../src/model/rate.ts";

Deno.test("parseRate() reads counts a period", () => {
  const cases: ReadonlyArray<readonly [string, number, number]> = [
    ["10/s", 10, 1_000],
    ["5000/h", 5_000, 3_600_000],
    ["1/3s", 1, 3_000],
    ["100/5m", 100, 300_000],
    ["100000/d", 100_000, 86_400_000],
    ["0.2/s", 1, 5_000],
    ["2.5/s", 1, 400],
    ["0.3/s", 1, 3_334],
    [" 3 / 250 MS ", 3, 250],
  ];
  for (const [text, limit, perMs] of cases) assert.deepEqual(parseRate(text), { limit, perMs }, text);
});

Deno.test("parseRate() says what is wrong and what would be right", () => {
  const right = '; right would be "10/s", "1/3s", "100/5m", "5000/h" or "0.2/s"';
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["10", "it is not a count, a slash and a period"],
    ["-1/s", "it is not a count, a slash and a period"],
    ["10/w", 'the unit "w" is not one of ms, s, m, h, d'],
    ["10/constructor", 'the unit "constructor" is not one of ms, s, m, h, d'],
    ["0/s", "the count is 0"],
    ["1/0s", "the period is 0"],
    ["1/99999999999999999d", "a number in it is too large"],
    ["99999999999999999/s", "a number in it is too large"],
  ];
  for (const [text, why] of cases) {
    assert.throws(() => parseRate(text), {
      name: "RangeError",
      message: `Cannot read the rate "${text}": ${why}${right}`,
    });
  }
});

Deno.test("parseRate() reads back what formatRate() wrote", () => {
  fc.assert(fc.property(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 1e12 }), (limit, perMs) => {
    assert.deepEqual(parseRate(formatRate({ limit, perMs })), { limit, perMs });
  }));
  assert.equal(formatRate(parseRate("60/60s")), "60/m");
  assert.equal(formatRate(parseRate("0.2/s")), "1/5s");
});

Deno.test("parseRate() never gives a rate above the one written", () => {
  const decimal = fc.tuple(fc.nat(999), fc.integer({ min: 1, max: 999 })).map(([a, b]) =>
    `${a}.${`${b}`.padStart(3, "0")}`
  );
  fc.assert(fc.property(decimal, (count) => {
    const { limit, perMs } = parseRate(`${count}/m`);
    assert.ok(limit / perMs <= Number(count) / 60_000 * (1 + 1e-12));
  }));
});

Deno.test("parseRate() throws nothing but RangeError, whatever it is given", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    try {
      const { limit, perMs } = parseRate(text);
      assert.ok(limit >= 1 && perMs >= 1);
    } catch (thrown) {
      assert.ok(thrown instanceof RangeError);
    }
  }));
});

Deno.test("formatRate() refuses a period that is no whole number of milliseconds", () => {
  assert.throws(() => formatRate({ limit: 1, perMs: 0.5 }), /the period 0.5 is not a whole number/);
});
