/**
 * What the command line meets of the outside; tests hand in their own.
 *
 * @module
 */

import type { Clock, Random } from "../model/ports.ts";
import { SystemClock, SystemRandom } from "../runtime/mod.ts";
import { Sink } from "./sink.ts";

/** The outside. */
export interface Surroundings {
  /** Standard input; not opened before a command asks for it. */
  readonly stdin: () => ReadableStream<Uint8Array>;
  /** Results. */
  readonly stdout: Sink;
  /** Logs, progress and errors. */
  readonly stderr: Sink;
  /** Time. */
  readonly clock: Clock;
  /** Chance. */
  readonly random: Random;
  /** Environment variables by name. @default the process's, as far as they may be read */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The process's own streams and time. */
export function systemSurroundings(): Surroundings {
  const clock = new SystemClock();
  return {
    stdin: () => Deno.stdin.readable,
    stdout: new Sink(Deno.stdout, clock),
    stderr: new Sink(Deno.stderr, clock),
    clock,
    random: new SystemRandom(),
  };
}
