import { equal } from "node:assert/strict";
import { readTree } from "./layers/tree.ts";

/** From here on a file is a defect. */
const MAX_LINES = 500;
/** From here on look for the seam; such files are listed, not refused. */
const LONG_LINES = 250;

Deno.test("no source file is longer than 500 lines", async () => {
  const files = (await readTree(["main.ts", "src", "plugins", "fixtures", "tests"]))
    .map(({ path, source }) => ({ path, lines: source.split("\n").length - 1 }))
    .toSorted((a, b) => b.lines - a.lines);
  const list = (found: typeof files) => found.map(({ path, lines }) => `${path}: ${lines} lines`).join("\n");

  const long = files.filter(({ lines }) => lines > LONG_LINES);
  if (long.length > 0) console.log(list(long));
  equal(list(files.filter(({ lines }) => lines > MAX_LINES)), "");
});
