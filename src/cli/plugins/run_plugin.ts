/**
 * `plugins run`, once its arguments are read.
 *
 * @module
 */

import type { EngineEvent } from "../../engine/mod.ts";
import { artifactFromRecord, artifactOf } from "../../model/artifact_from_record.ts";
import { InputError } from "../../model/errors.ts";
import { checkPlugin, DEFAULT_BOUNDS } from "../../plugins/mod.ts";
import type { CommandContext } from "../action.ts";
import { complain } from "../complain.ts";
import { configurationOf } from "../configuration.ts";
import { settingsFromEnvironment } from "../engine_start.ts";
import { EXIT, exitCodeOfSignal } from "../exit_code.ts";
import { runEngine } from "../progress/run_engine.ts";
import { jsonLine } from "../render/json.ts";
import { printable } from "../render/printable.ts";
import { readPlugin } from "./read_plugin.ts";

/** What is asked of a plugin. */
export interface RunPluginRequest {
  readonly file: string;
  readonly id: string;
  readonly allowNet: readonly string[] | undefined;
  readonly format: "text" | "json";
}

type Resolved = Extract<EngineEvent, { type: "resolved" }>;

/** Asks a plugin about a work; gives the exit code. */
export async function runPlugin(request: RunPluginRequest, context: CommandContext): Promise<number> {
  const { file, id, format } = request;
  const { artifactId, metadata } = artifactFromRecord(id);
  const source = await readPlugin(file);
  const { manifest, problems } = await checkPlugin(source, { clock: context.clock, bounds: DEFAULT_BOUNDS });
  if (!manifest) {
    throw new InputError(`Cannot run "${file}": ${problems.map(({ message }) => message).join("; ")}`);
  }
  const { config } = await configurationOf(context, request);
  let resolved: Resolved | null = null;
  const end = await runEngine(context, {
    start: {
      command: { type: "resolve", plugin: manifest.name, artifact: artifactOf(artifactId, metadata) },
      config,
      plugins: [source],
      environment: await settingsFromEnvironment(context, [source]),
    },
    onEvent(event) {
      if (event.type === "resolved") resolved = event;
    },
  });
  if (end.signal) return exitCodeOfSignal(end.signal);
  const answer = resolved as Resolved | null; // assigned in a callback, which the compiler does not follow
  if (!answer) throw new Error("the engine ended without an answer");
  const { type: _, ...rest } = answer;
  await context.stdout.write(
    format === "json" ? jsonLine({ artifact_id: artifactId, ...rest }) : answerText(answer),
  );
  if (answer.problem === null) return EXIT.done;
  await complain(context.stderr, printable(answer.problem));
  return EXIT.artifactsFailed;
}

function answerText({ candidates, ids, verdict }: Resolved): string {
  const lines = [
    ...candidates.map(({ url, kind, version, license }) =>
      ["candidate", kind, version ?? "version unknown", license ?? "licence unknown", url].join("  ")
    ),
    ...Object.entries(ids).map(([kind, value]) => `id  ${kind}:${value}`),
    ...(verdict === null ? [] : [`verdict  ${verdict}`]),
  ];
  return (lines.length > 0 ? lines : ["nothing found"]).map((line) => `${printable(line)}\n`).join("");
}
