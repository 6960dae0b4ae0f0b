import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRetryAfter } from "../../src/limits/mod.ts";

const NOW = Date.UTC(2026, 5, 16, 14, 22, 55);
const nowMs = NOW;

Deno.test("parseRetryAfter() reads seconds", () => {
  const cases: ReadonlyArray<readonly [string | null, number | null]> = [
    ["120", 120_000],
    ["0", 0],
    [" 5 ", 5_000],
    ["0.65", 650],
    ["5000", 5_000_000],
    ["120, 30", 120_000],
    [null, null],
    ["", null],
    ["-1", null],
    ["1e3", null],
    ["0x10", null],
    ["soon", null],
    ["120s", null],
    ["120,", null],
    ["NaN", null],
    ["Infinity", null],
  ];
  for (const [value, expected] of cases) {
    assert.equal(parseRetryAfter(value, { nowMs }), expected, `${value}`);
  }
});

Deno.test("parseRetryAfter() never shortens a wait but counts no further than 2^31 seconds", () => {
  assert.equal(parseRetryAfter("31536000", { nowMs }), 31_536_000_000);
  assert.equal(parseRetryAfter("9".repeat(400), { nowMs }), 2 ** 31 * 1000);
});

Deno.test("parseRetryAfter() reads a date, and one that is past as 0", () => {
  assert.equal(parseRetryAfter("Tue, 16 Jun 2026 14:24:55 GMT", { nowMs }), 120_000);
  assert.equal(parseRetryAfter("Tue, 16 Jun 2026 14:24:55 GMT", { nowMs: nowMs + 0.5 }), 120_000);
  assert.equal(parseRetryAfter("Tuesday, 16-Jun-26 14:24:55 GMT", { nowMs }), 120_000);
  assert.equal(parseRetryAfter("Tue Jun 16 14:24:55 2026", { nowMs }), 120_000);
  assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", { nowMs }), 0);
});

Deno.test("parseRetryAfter() counts a date from the answer's own Date", () => {
  const value = "Tue, 16 Jun 2026 15:02:00 GMT";
  assert.equal(parseRetryAfter(value, { nowMs, date: "Tue, 16 Jun 2026 15:00:00 GMT" }), 120_000);
  assert.equal(parseRetryAfter(value, { nowMs, date: "garbage" }), 2_345_000);
  assert.equal(parseRetryAfter("120", { nowMs, date: "Tue, 16 Jun 2026 15:00:00 GMT" }), 120_000);
});

Deno.test("parseRetryAfter() gives null or a whole number of at least 0, whatever it is given", () => {
  const date = fc.date({ noInvalidDate: true }).map((value) => value.toUTCString());
  const text = fc.oneof(fc.string({ unit: "binary" }), date, fc.float().map(String), fc.bigInt().map(String));
  fc.assert(fc.property(text, fc.option(text), (value, own) => {
    const waitMs = parseRetryAfter(value, { nowMs, date: own });
    assert.ok(waitMs === null || Number.isSafeInteger(waitMs) && waitMs >= 0, `${waitMs}`);
  }));
});
