import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHttpDate } from "../../src/limits/mod.ts";

const NOW = Date.UTC(2026, 5, 16, 14, 22, 55);

Deno.test("parseHttpDate() reads all three forms of RFC 9110", () => {
  const example = Date.UTC(1994, 10, 6, 8, 49, 37);
  assert.equal(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", NOW), example);
  assert.equal(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", NOW), example);
  assert.equal(parseHttpDate("Sun Nov  6 08:49:37 1994", NOW), example);
  assert.equal(parseHttpDate(" sun, 06 nov 1994 08:49:37 gmt ", NOW), example);
  assert.equal(parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", NOW), Date.UTC(2017, 0, 1));
});

Deno.test("parseHttpDate() takes a year of two digits as past if it seems over 50 years ahead", () => {
  assert.equal(parseHttpDate("Monday, 06-Nov-76 08:49:37 GMT", NOW), Date.UTC(2076, 10, 6, 8, 49, 37));
  assert.equal(parseHttpDate("Monday, 06-Nov-77 08:49:37 GMT", NOW), Date.UTC(1977, 10, 6, 8, 49, 37));
  const late = Date.UTC(2095, 0, 1);
  assert.equal(parseHttpDate("Monday, 06-Nov-05 08:49:37 GMT", late), Date.UTC(2105, 10, 6, 8, 49, 37));
});

Deno.test("parseHttpDate() refuses other zones, other forms and days that are not there", () => {
  const refused = [
    "",
    "0",
    "Sun, 06 Nov 1994 08:49:37 CET",
    "Sun, 06 Nov 1994 08:49:37 +0100",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "06 Nov 1994 08:49:37 GMT",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
  ];
  for (const text of refused) assert.equal(parseHttpDate(text, NOW), null, text);
});

Deno.test("parseHttpDate() reads what Date.toUTCString() writes", () => {
  const date = fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true });
  fc.assert(fc.property(date, (value) => {
    assert.equal(parseHttpDate(value.toUTCString(), NOW), Math.floor(value.getTime() / 1000) * 1000);
  }));
});
