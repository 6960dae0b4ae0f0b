import { deepEqual, equal } from "node:assert/strict";
import { MemoryMeter } from "../../src/telemetry/mod.ts";

Deno.test("MemoryMeter adds counts up, by attributes in any order and over all", () => {
  const meter = new MemoryMeter();
  equal(meter.counted("a"), 0);
  meter.count("a");
  meter.count("a", 4, { state: "done", kind: "x" });
  meter.count("a", 2, { kind: "x", state: "done" });
  meter.count("b", 100);
  equal(meter.counted("a"), 7);
  equal(meter.counted("a", { state: "done", kind: "x" }), 6);
  equal(meter.counted("a", { state: "done" }), 0);
});

Deno.test("MemoryMeter keeps number, sum, least and greatest of measurements", () => {
  const meter = new MemoryMeter();
  for (const value of [3, -1, 5]) meter.record("t", value, { host: "a" });
  meter.record("t", 9, { host: "b" });
  deepEqual(meter.measured("t", { host: "a" }), { count: 3, sum: 7, min: -1, max: 5 });
  deepEqual(meter.measured("t"), { count: 4, sum: 16, min: -1, max: 9 });
  deepEqual(meter.measured("none"), { count: 0, sum: 0, min: Infinity, max: -Infinity });
});
