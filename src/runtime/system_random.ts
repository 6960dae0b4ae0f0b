/**
 * The platform's randomness.
 *
 * @module
 */

import type { Random } from "../model/ports.ts";

/** Randomness that differs from run to run. It spreads load (jitter, ties); it is not for secrets. */
export class SystemRandom implements Random {
  /** A uniform number in [0, 1). */
  next(): number {
    return Math.random();
  }
}
