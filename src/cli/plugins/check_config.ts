/**
 * `config check`, once its arguments are read.
 *
 * @module
 */

import type { Config } from "../../config/mod.ts";
import { checkPluginNames } from "../../engine/mod.ts";
import type { CommandContext } from "../action.ts";
import { complain } from "../complain.ts";
import { configurationOf } from "../configuration.ts";
import { type EngineFlags, readEngineStart } from "../engine_start.ts";
import { EXIT, exitCodeOfSignal } from "../exit_code.ts";
import { runEngine } from "../progress/run_engine.ts";
import { jsonLine } from "../render/json.ts";
import { printable } from "../render/printable.ts";
import { openRegistry } from "./open_registry.ts";

/** What is to be checked. */
export interface CheckRequest extends EngineFlags {
  readonly confinement: boolean;
  readonly format: "text" | "json";
}

/** One thing that the engine must not be able to do. */
interface Probe {
  readonly attempt: string;
  /** Deno's words; `null` if it could. */
  readonly refusal: string | null;
}

/** Checks the configuration, and the engine's walls if that is asked; gives the exit code. */
export async function checkConfig(request: CheckRequest, context: CommandContext): Promise<number> {
  const { config, sources } = await configurationOf(context, request);
  const leftOut = await checkPlugins(request, context, config);
  for (const why of leftOut) await complain(context.stderr, printable(why));
  const probes: Probe[] = [];
  if (request.confinement) {
    // What could not be read is among those left out.
    const { start } = await readEngineStart(context, { type: "probe" }, request);
    const end = await runEngine(context, {
      start,
      onEvent(event) {
        if (event.type === "probed") probes.push({ attempt: event.attempt, refusal: event.refusal });
      },
    });
    if (end.signal) return exitCodeOfSignal(end.signal);
  }
  const confined = probes.every(({ refusal }) => refusal !== null);
  await context.stdout.write(
    request.format === "json"
      ? jsonLine({
        file: sources.file,
        left_out: leftOut,
        ...(request.confinement ? { confined, probes } : {}),
      })
      : `The configuration (${printable(sources.file ?? "defaults")}) can be used\n${probesText(probes)}`,
  );
  return confined ? EXIT.done : EXIT.failed;
}

/** Checks settings and names of plugins; says why each that is left out is. */
async function checkPlugins(
  request: CheckRequest,
  context: CommandContext,
  config: Config,
): Promise<readonly string[]> {
  await using registry = await openRegistry(context, request);
  checkPluginNames(registry, config);
  return [
    ...registry.broken.map(({ problem }) => problem),
    ...registry.plugins.flatMap(({ unusable }) => unusable ?? []),
  ];
}

function probesText(probes: readonly Probe[]): string {
  if (probes.length === 0) return "";
  const lines = probes.map(({ attempt, refusal }) =>
    `  ${refusal === null ? "POSSIBLE" : "refused "}  ${printable(attempt)}${
      refusal === null ? "" : `: ${printable(refusal)}`
    }\n`
  );
  const confined = probes.every(({ refusal }) => refusal !== null);
  return `The engine is ${confined ? "" : "not "}confined. It tried to\n${lines.join("")}`;
}
