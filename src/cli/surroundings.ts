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
  readonly stdin: ReadableStream<Uint8Array>;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly clock: Clock;
  readonly random: Random;
  /** Environment variables by name. @default the process's, as far as they may be read */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The process's own streams and time. */
export function systemSurroundings(): Surroundings {
  const clock = new SystemClock();
  return {
    // Not opened before a command asks for it.
    get stdin() {
      return Deno.stdin.readable;
    },
    stdout: new Sink(Deno.stdout, clock),
    stderr: new Sink(Deno.stderr, clock),
    clock,
    random: new SystemRandom(),
  };
}
