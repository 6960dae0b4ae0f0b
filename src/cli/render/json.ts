/**
 * Values of the program as JSON: names in snake case, instants as ISO 8601.
 *
 * @module
 */

import type { QueueStats } from "../../queue/mod.ts";
import { printableJson } from "./printable.ts";

/** The one JSON value that `--format json` prints, with its line end. */
export function jsonLine(value: unknown): string {
  return `${printableJson(JSON.stringify(value))}\n`;
}

/** An instant in milliseconds since the epoch as ISO 8601 in UTC. */
export function isoTime(atMs: number): string {
  return new Date(Math.round(atMs)).toISOString();
}

/** {@linkcode isoTime} of what may be absent. */
export function isoTimeOrNull(atMs: number | null): string | null {
  return atMs === null ? null : isoTime(atMs);
}

/** Counters as `queue stats` gives them. */
export function statsJson({ states, total, paused, reasons }: QueueStats): Record<string, unknown> {
  return { ...states, total, paused, reasons };
}
