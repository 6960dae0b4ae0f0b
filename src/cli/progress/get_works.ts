/**
 * `get`, once its arguments are read.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { artifactFromRecord } from "../../model/artifact_from_record.ts";
import type { CommandContext } from "../action.ts";
import { type EngineFlags, prepareEngine } from "../engine_start.ts";
import { EXIT, exitCodeOfSignal } from "../exit_code.ts";
import { routed } from "../import/routed.ts";
import { jsonLine } from "../render/json.ts";
import { printable } from "../render/printable.ts";
import { openProgress } from "./progress.ts";
import { runEngine } from "./run_engine.ts";
import { type Finished, RunTally } from "./run_tally.ts";

/** What is asked of `get`. */
export interface GetRequest extends EngineFlags {
  readonly ids: readonly string[];
  readonly format: "text" | "json";
}

/** Downloads works now; gives the exit code. */
export async function getWorks(request: GetRequest, context: CommandContext): Promise<number> {
  const jobs = request.ids.map((id) => routed(artifactFromRecord(id)));
  const start = await prepareEngine(context, { type: "run", drain: true, only: jobs }, request);
  const out = resolve(start.config.storage.out);
  const tally = new RunTally(context.clock);
  const ended: Finished[] = [];
  const end = await watched();

  if (request.format === "json") {
    await context.stdout.writeLast(jsonLine(ended.map((work) => workJson(work, out))));
  } else {
    const paths = ended.flatMap(({ path }) => path === null ? [] : [join(out, path)]);
    const shown = context.stdout.isTerminal ? paths.map(printable) : paths;
    await context.stdout.writeLast(shown.map((path) => `${path}\n`).join(""));
  }
  if (end.signal) return exitCodeOfSignal(end.signal);
  return tally.outcomes.error > 0 ? EXIT.artifactsFailed : EXIT.done;

  async function watched() {
    using progress = openProgress(context, tally, { eachArtifact: true });
    return await runEngine(context, {
      start,
      onEvent(event) {
        const finished = tally.take(event);
        if (!finished) return progress.update();
        ended.push(finished);
        progress.finished(finished);
      },
    });
  }
}

function workJson({ artifactId, outcome, reason, path, bytes, resolver }: Finished, out: string) {
  return {
    artifact_id: artifactId,
    outcome,
    reason,
    path: path === null ? null : join(out, path),
    bytes,
    resolver,
  };
}
