/**
 * How the program ends.
 *
 * @module
 */

import type { StopSignal } from "../runtime/mod.ts";

/** The exit codes. Signals have their own: {@linkcode exitCodeOfSignal}. */
export const EXIT = {
  done: 0,
  /** The program failed: disk full, database damaged, permission denied, a defect. */
  failed: 1,
  /** Bad usage, configuration or input. */
  input: 2,
  /** Finished, but some artifacts of the run ended in `error`. */
  artifactsFailed: 3,
} as const;

/** 128 and the signal's number, as shells report it. */
export function exitCodeOfSignal(signal: StopSignal): number {
  return signal === "SIGINT" ? 130 : 143;
}
