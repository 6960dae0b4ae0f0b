/**
 * Why nothing is worked on, in one line.
 *
 * @module
 */

import { isoTime } from "../render/json.ts";
import { formatDuration } from "../render/units.ts";
import type { RunTally } from "./run_tally.ts";

/**
 * Such as `waiting 58 s, until 2026-03-01T12:00:58.000Z: no sooner may what is queued be asked for`; `null` while something
 * is worked on, or nothing waits for a time to come.
 */
export function waitingLine({ stats, running, nextWorkAt }: RunTally, now: number): string | null {
  if (!stats || running.length > 0) return null;
  if (stats.paused) return `the queue is paused; "contentdownload queue resume" lets it go on`;
  if (stats.states.queued === 0 || nextWorkAt === null || nextWorkAt <= now) return null;
  const waitMs = Math.ceil((nextWorkAt - now) / 1000) * 1000;
  return `waiting ${formatDuration(waitMs)}, until ${
    isoTime(nextWorkAt)
  }: no sooner may what is queued be asked for`;
}
