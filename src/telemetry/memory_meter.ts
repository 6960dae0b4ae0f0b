/**
 * Metrics that are kept at hand.
 *
 * @module
 */

import type { Meter } from "../model/ports.ts";

/** What is known of the measurements of one name. */
export interface Measured {
  /** How many there were. */
  readonly count: number;
  /** Their sum. */
  readonly sum: number;
  /** The least; `Infinity` if there was none. */
  readonly min: number;
  /** The greatest; `-Infinity` if there was none. */
  readonly max: number;
}

const NOTHING: Measured = { count: 0, sum: 0, min: Infinity, max: -Infinity };

/**
 * A meter that keeps totals, for tests and for what a run tells of itself. Its memory grows with the number of
 * different names and attributes, not with that of measurements.
 */
export class MemoryMeter implements Meter {
  readonly #counters = new Map<string, Map<string, number>>();
  readonly #measured = new Map<string, Map<string, Measured>>();

  /** Adds `value` to the counter `name`. */
  count(name: string, value = 1, attributes: Readonly<Record<string, string>> = {}): void {
    const series = seriesOf(this.#counters, name);
    const key = keyOf(attributes);
    series.set(key, (series.get(key) ?? 0) + value);
  }

  /** Takes one measurement down. */
  record(name: string, value: number, attributes: Readonly<Record<string, string>> = {}): void {
    const series = seriesOf(this.#measured, name);
    const key = keyOf(attributes);
    series.set(key, merge(series.get(key) ?? NOTHING, { count: 1, sum: value, min: value, max: value }));
  }

  /**
   * The counter `name`, 0 if it was never met.
   *
   * @param attributes Only what was counted with exactly these. @default all of it
   */
  counted(name: string, attributes?: Readonly<Record<string, string>>): number {
    return select(this.#counters.get(name), attributes).reduce((sum, value) => sum + value, 0);
  }

  /**
   * The measurements of `name`.
   *
   * @param attributes Only what was recorded with exactly these. @default all of them
   */
  measured(name: string, attributes?: Readonly<Record<string, string>>): Measured {
    return select(this.#measured.get(name), attributes).reduce(merge, NOTHING);
  }
}

function seriesOf<Value>(all: Map<string, Map<string, Value>>, name: string): Map<string, Value> {
  let series = all.get(name);
  if (series === undefined) all.set(name, series = new Map());
  return series;
}

function keyOf(attributes: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(attributes).sort(([a], [b]) => a < b ? -1 : 1));
}

function select<Value>(
  series: ReadonlyMap<string, Value> | undefined,
  attributes?: Readonly<Record<string, string>>,
): Value[] {
  if (attributes === undefined) return [...series?.values() ?? []];
  const value = series?.get(keyOf(attributes));
  return value === undefined ? [] : [value];
}

function merge(a: Measured, b: Measured): Measured {
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}
