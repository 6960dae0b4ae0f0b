/**
 * `queue run`, once its arguments are read.
 *
 * @module
 */

import { resolve } from "node:path";
import type { CommandContext } from "../action.ts";
import { configurationOf } from "../configuration.ts";
import { prepareEngine } from "../engine_start.ts";
import { EXIT, exitCodeOfSignal } from "../exit_code.ts";
import { openQueue } from "../open_queue.ts";
import { jsonLine, statsJson } from "../render/json.ts";
import { statsTable } from "../render/stats_table.ts";
import { formatBytes, formatCount, formatDuration, plural } from "../render/units.ts";
import { openProgress } from "./progress.ts";
import { runEngine } from "./run_engine.ts";
import { RunTally } from "./run_tally.ts";

/** What is asked of a run. */
export interface RunRequest {
  readonly drain: boolean;
  readonly workers: number | undefined;
  readonly out: string | undefined;
  readonly allowNet: readonly string[] | undefined;
  readonly plugins: string | undefined;
  readonly format: "text" | "json";
}

/** Works on the queue; gives the exit code. */
export async function runQueue(request: RunRequest, context: CommandContext): Promise<number> {
  const { stdout } = context;
  const start = await prepareEngine(context, { type: "run", drain: request.drain }, request);
  const tally = new RunTally(context.clock);
  const end = await watched();
  const out = resolve(start.config.storage.out);
  const stats = await finalStats();
  if (request.format === "json") {
    await stdout.writeLast(jsonLine({ ...statsJson(stats), run: runJson(tally), out }));
  } else {
    await stdout.writeLast(`${statsTable(stats, stdout.columns)}\n${runText(tally, out)}`);
  }
  if (end.signal) return exitCodeOfSignal(end.signal);
  return tally.outcomes.error > 0 ? EXIT.artifactsFailed : EXIT.done;

  async function watched() {
    using progress = openProgress(context, tally, { eachArtifact: false });
    return await runEngine(context, {
      start,
      reload: async () => (await configurationOf(context, request)).config,
      onEvent(event) {
        const finished = tally.take(event);
        if (finished) progress.finished(finished);
        else progress.update();
      },
    });
  }

  async function finalStats() {
    // The queue that was worked on, whatever the configuration's file says by now.
    using queue = await openQueue(context, { create: false, config: start.config });
    return await queue.stats();
  }
}

function runJson({ outcomes, reasons, bytes, elapsedMs }: RunTally): Record<string, unknown> {
  return { ...outcomes, reasons, bytes, elapsed_ms: Math.round(elapsedMs) };
}

function runText({ finished, reasons, bytes, elapsedMs, outcomes }: RunTally, out: string): string {
  if (finished === 0) return `This run: nothing was left to do.\nFiles: ${out}\n`;
  const perSecond = finished / Math.max(0.001, elapsedMs / 1000);
  const present = reasons["already-have"] ?? 0;
  return `This run: ${plural(finished, "artifact")} ended in ${formatDuration(elapsedMs)} ` +
    `(${perSecond.toFixed(1)}/s): ${formatCount(outcomes.done)} done, ${
      formatCount(outcomes.skipped)
    } skipped, ` +
    `${formatCount(outcomes.error)} error.\n` +
    `Fetched: ${plural(reasons.ok ?? 0, "file")}, ${formatBytes(bytes)}` +
    `${present > 0 ? `; ${plural(present, "file was", "files were")} there already` : ""}.\n` +
    `Files: ${out}\n`;
}
