import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { formatCsvRecord, parseCsvRecord } from "../../src/cli/csv.ts";

Deno.test("parseCsvRecord() reads what formatCsvRecord() writes", () => {
  const field = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "a") }));
  fc.assert(fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), (fields) => {
    deepEqual(parseCsvRecord(formatCsvRecord(fields).slice(0, -2)), fields);
  }));
});

const CASES: readonly (readonly [string, ReturnType<typeof parseCsvRecord>])[] = [
  ["", [""]],
  ["a,b", ["a", "b"]],
  ["a,", ["a", ""]],
  [`"a,b",c`, ["a,b", "c"]],
  [`"",""`, ["", ""]],
  [`"say ""hi"""`, ['say "hi"']],
  [`"open`, "unfinished"],
  [`"open""`, "unfinished"],
  [`a"b`, { problem: "a quote stands inside a field that does not begin with one" }],
  [`"a"b`, { problem: "text follows a closing quote" }],
];

for (const [record, expected] of CASES) {
  Deno.test(`parseCsvRecord() when the record is ${JSON.stringify(record)}`, () => {
    deepEqual(parseCsvRecord(record), expected);
  });
}

Deno.test("formatCsvRecord() quotes what a reader would take for more than a field", () => {
  deepEqual(formatCsvRecord(["a", null, 5, "b c"]), "a,,5,b c\r\n");
  for (const field of ["a,b", 'say "hi"', "two\nlines", "two\rlines"]) {
    const line = formatCsvRecord([field, "x"]);
    deepEqual([line.startsWith('"'), parseCsvRecord(line.slice(0, -2))], [true, [field, "x"]]);
  }
});
