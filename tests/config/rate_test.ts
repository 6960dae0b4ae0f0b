import { equal } from "node:assert/strict";
import fc from "fast-check";
import { loadConfig } from "../../src/config/mod.ts";
import { parseRate } from "../../src/limits/mod.ts";
import { withFile } from "./_files.ts";

/** The rooms may not know each other, but what one lets pass the other has to read. */
Deno.test("loadConfig() accepts the rates that parseRate() reads, and no others", async () => {
  const part = fc.constantFrom("", "0", "00", "1", "10", "0.2", "2.5", "0.0", ".5", "-1", "1e3", " ", "x");
  const unit = fc.constantFrom("ms", "s", "m", "h", "d", "S", "w", "", "min");
  const rate = fc.tuple(part, fc.constantFrom("/", " / ", "", "//"), part, unit).map((parts) =>
    parts.join("")
  );
  const samples = [...new Set(fc.sample(rate, 400))];
  const refused =
    (await withFile(JSON.stringify({ limits: { default: { rates: samples } } }), async (file) => {
      try {
        await loadConfig({ version: "1", env: {}, file });
        return "";
      } catch (error) {
        return (error as Error).message;
      }
    })).split("\n");
  samples.forEach((sample, index) => {
    const ours = !refused.some((line) => line.includes(`limits.default.rates[${index}] is `));
    equal(ours, reads(sample), JSON.stringify(sample));
  });
});

function reads(text: string): boolean {
  try {
    parseRate(text);
    return true;
  } catch {
    return false;
  }
}
