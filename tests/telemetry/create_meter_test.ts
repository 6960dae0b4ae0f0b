import { deepEqual, equal } from "node:assert/strict";
import { metrics } from "@opentelemetry/api";
import { createMeter } from "../../src/telemetry/mod.ts";

Deno.test("createMeter() hands counts and measurements to the registered provider, by one instrument a name", () => {
  const made: string[] = [];
  const taken: unknown[] = [];
  const noop = metrics.getMeterProvider().getMeter("none");
  const recording = {
    ...noop,
    createCounter: (name: string) => {
      made.push(`counter ${name}`);
      return { add: (value: number, attributes?: unknown) => void taken.push([name, value, attributes]) };
    },
    createHistogram: (name: string) => {
      made.push(`histogram ${name}`);
      return { record: (value: number, attributes?: unknown) => void taken.push([name, value, attributes]) };
    },
  };
  equal(
    metrics.setGlobalMeterProvider({ getMeter: () => Object.assign(Object.create(noop), recording) }),
    true,
  );
  try {
    const meter = createMeter();
    meter.count("a");
    meter.count("a", 2, { state: "done" });
    meter.record("b", 0.5);
    deepEqual(made, ["counter a", "histogram b"]);
    deepEqual(taken, [["a", 1, undefined], ["a", 2, { state: "done" }], ["b", 0.5, undefined]]);
  } finally {
    metrics.disable();
  }
});
