/**
 * Metrics by OpenTelemetry.
 *
 * @module
 */

import { type Counter, type Histogram, metrics } from "@opentelemetry/api";
import type { Meter } from "../model/ports.ts";

/**
 * Makes a meter that hands everything to whatever provider of OpenTelemetry is registered, and to nobody if there
 * is none. Deno registers its own exporter when it is started, or the program is compiled, with `OTEL_DENO=true`.
 */
export function createMeter(): Meter {
  const meter = metrics.getMeter("contentdownload");
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  return {
    count(name, value = 1, attributes) {
      let counter = counters.get(name);
      if (counter === undefined) counters.set(name, counter = meter.createCounter(name));
      counter.add(value, attributes);
    },
    record(name, value, attributes) {
      let histogram = histograms.get(name);
      if (histogram === undefined) histograms.set(name, histogram = meter.createHistogram(name));
      histogram.record(value, attributes);
    },
  };
}
