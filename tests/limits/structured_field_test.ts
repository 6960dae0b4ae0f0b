import { deepEqual } from "node:assert/strict";
import { keyAndValue, parseFieldList } from "../../src/limits/_structured_field.ts";

/** A list as plain values. */
function read(text: string) {
  return parseFieldList(text).map(({ value, parameters }) => [value, Object.fromEntries(parameters)]);
}

Deno.test("parseFieldList() reads values and parameters, quoted or not, with spaces around", () => {
  deepEqual(read(' 10 , "burst" ; q = 5 ;W=1'), [["10", {}], ["burst", { q: "5", w: "1" }]]);
});

Deno.test("parseFieldList() finds no separator in a string, and takes its escapes back", () => {
  deepEqual(read(String.raw`"a, \"b\"; c";unit="x;y,z"`), [['a, "b"; c', { unit: "x;y,z" }]]);
});

Deno.test("parseFieldList() leaves out parameters without a name or a value", () => {
  deepEqual(read("10;w;=5;q=1"), [["10", { q: "1" }]]);
});

Deno.test("keyAndValue() splits at the first sign of equality", () => {
  deepEqual(keyAndValue(' Limit = "a=b" '), [["limit", "a=b"]]);
  deepEqual([keyAndValue("limit"), keyAndValue("=1")], [[], []]);
});
