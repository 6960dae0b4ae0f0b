/**
 * Shows how a run goes on.
 *
 * @module
 */

import type { CommandContext } from "../action.ts";
import { LiveProgress } from "./live_progress.ts";
import { PlainProgress } from "./plain_progress.ts";
import type { Finished, RunTally } from "./run_tally.ts";

/** A way to show it; disposal removes what stands on the screen. */
export interface Progress extends Disposable {
  /** Something changed. */
  update(): void;
  /** An artifact ended. */
  finished(artifact: Finished): void;
}

/** Live lines on a terminal, plain ones elsewhere, nothing if the operator wants quiet. */
export function openProgress(
  context: CommandContext,
  tally: RunTally,
  options: { readonly eachArtifact: boolean },
): Progress {
  const { stderr, clock, global } = context;
  if (global.quiet) return { update() {}, finished() {}, [Symbol.dispose]() {} };
  if (stderr.isTerminal) {
    const colors = !global.noColor && !Deno.noColor;
    return new LiveProgress({ stderr, clock, tally, colors, eachArtifact: options.eachArtifact });
  }
  return new PlainProgress({ stderr, clock, tally, eachArtifact: options.eachArtifact });
}
