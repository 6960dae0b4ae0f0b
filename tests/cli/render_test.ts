import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { jsonLine } from "../../src/cli/render/json.ts";
import { printable } from "../../src/cli/render/printable.ts";
import { formatTable } from "../../src/cli/render/table.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatUnits,
  parseDuration,
  plural,
} from "../../src/cli/render/units.ts";

for (
  const [bytes, text] of [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [99_949, "99.9 kB"],
    [99_950, "100 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [1.5e9, "1.5 GB"],
    [3e15, "3.0 PB"],
    [5e18, "5000 PB"],
  ] as const
) {
  Deno.test(`formatBytes() when there are ${bytes}`, () => equal(formatBytes(bytes), text));
}

for (
  const [durationMs, text] of [
    [-1, "0 ms"],
    [0, "0 ms"],
    [999, "999 ms"],
    [999.6, "1 s"],
    [59_499, "59 s"],
    [59_500, "1 min"],
    [61_000, "1 min 1 s"],
    [3_600_000, "1 h"],
    [3_599_700, "1 h"],
    [90_061_000, "1 d 1 h"],
    [864_000_000, "10 d"],
  ] as const
) {
  Deno.test(`formatDuration() when it is ${durationMs} ms`, () => equal(formatDuration(durationMs), text));
}

Deno.test("formatUnits() shows fractions", () => {
  equal([0, 0.0012, 0.1, 2, 12_345.678].map(formatUnits).join(" "), "0 0.0012 0.1 2 12,345.678");
});

Deno.test("formatCount() groups by thousands", () => {
  equal([0, 999, 1000, 1234567].map(formatCount).join(" "), "0 999 1,000 1,234,567");
});

Deno.test("plural() says one and many", () => {
  equal([0, 1, 2].map((count) => plural(count, "file")).join(", "), "0 files, 1 file, 2 files");
});

for (
  const [text, durationMs] of [
    ["30d", 2_592_000_000],
    ["12h", 43_200_000],
    ["90m", 5_400_000],
    ["1.5s", 1500],
    ["2w", 1_209_600_000],
    ["30", null],
    ["d", null],
    ["-1d", null],
    ["1y", null],
  ] as const
) {
  Deno.test(`parseDuration("${text}")`, () => equal(parseDuration(text), durationMs));
}

Deno.test("printable() shows what a terminal would obey", () => {
  equal(printable("a\x1b[2Jb\nc\u202ed\x9be"), "a\\x1b[2Jb\\x0ac\\u202ed\\x9be");
  equal(printable("a\u200eb\u200fc\u061cd"), "a\\u200eb\\u200fc\\u061cd");
  equal(printable("Größe 图书馆 🙂"), "Größe 图书馆 🙂");
});

Deno.test("jsonLine() escapes what a terminal would obey and keeps the value", () => {
  const value = { text: "a\x1b[2Jb\u009b2Jc\u202ed\u200fe\x7f" };
  equal(jsonLine(value), '{"text":"a\\u001b[2Jb\\u009b2Jc\\u202ed\\u200fe\\u007f"}\n');
  deepEqual(JSON.parse(jsonLine(value)), value);
});

Deno.test("printable() leaves no control character in any text", () => {
  // deno-lint-ignore no-control-regex -- these are what it is about
  const control = /[\u0000-\u001f\u007f-\u009f]/;
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !control.test(printable(text))));
});

Deno.test("formatTable() aligns numbers to the right and trails no space", () => {
  const table = formatTable([{ title: "NAME" }, { title: "N", align: "right" }, { title: "NOTE" }], [
    ["a", "1", ""],
    ["longer", "1,000", "x"],
  ], null);
  equal(table, "NAME        N  NOTE\na           1\nlonger  1,000  x\n");
});

Deno.test("formatTable() cuts the widest columns to the terminal's width", () => {
  const table = formatTable([{ title: "ID" }, { title: "TEXT" }], [["x".repeat(30), "y".repeat(60)]], 50);
  for (const line of table.split("\n")) ok(line.length <= 50, line);
  ok(table.includes(`${"x".repeat(23)}…`) || table.includes("…"), table);
});

Deno.test("formatTable() shows what a terminal would obey, and cuts no column below eight characters", () => {
  equal(formatTable([{ title: "A" }], [["\x1b[2J"]], null), "A\n\\x1b[2J\n");
  const columns = [{ title: "ONE" }, { title: "TWO" }];
  const [, row = ""] = formatTable(columns, [["1".repeat(20), "2".repeat(20)]], 5).split("\n");
  equal(row, "1111111…  2222222…");
});

Deno.test("formatTable() fits any cells into 60 columns", () => {
  const row = fc.tuple(fc.string({ unit: "grapheme" }), fc.string(), fc.string());
  fc.assert(fc.property(fc.array(row), (rows) => {
    const columns = [{ title: "A" }, { title: "B", align: "right" as const }, { title: "C" }];
    return formatTable(columns, rows, 60).split("\n").every((line) => [...line].length <= 60);
  }));
});
