/**
 * What the grammar turns a command line into.
 *
 * @module
 */

import type { GlobalOptions } from "./global_options.ts";
import type { Surroundings } from "./surroundings.ts";

/** All that a command works with. */
export interface CommandContext extends Surroundings {
  readonly global: GlobalOptions;
}

/** A command with its own arguments filled in: does its work and gives the exit code. */
export type Action = (context: CommandContext) => Promise<number>;
