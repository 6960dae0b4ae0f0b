/**
 * What the engine is started with: the configuration and the plugins' sources, which only this process may read.
 *
 * @module
 */

import type { EngineCommand, EngineStart } from "../engine/mod.ts";
import type { BrokenPlugin, PluginSource } from "../plugins/mod.ts";
import type { CommandContext } from "./action.ts";
import { complain } from "./complain.ts";
import { type ConfigFlags, configurationOf } from "./configuration.ts";
import { printable } from "./render/printable.ts";

/** Options of the commands that start the engine. */
export interface EngineFlags extends ConfigFlags {
  /** One more directory of plugins. */
  readonly plugins?: string | undefined;
}

/**
 * Reads all that a command of the engine needs. A plugin file that cannot be read is reported and left out.
 *
 * @throws {InputError} If the configuration or a plugin directory cannot be used.
 */
export async function prepareEngine(
  context: CommandContext,
  command: EngineCommand,
  flags: EngineFlags,
): Promise<EngineStart> {
  const { start, unreadable } = await readEngineStart(context, command, flags);
  for (const { problem } of unreadable) await complain(context.stderr, printable(problem));
  return start;
}

/** As {@linkcode prepareEngine}, for commands that report plugin files by themselves. */
export async function readEngineStart(
  context: CommandContext,
  command: EngineCommand,
  flags: EngineFlags,
): Promise<{ readonly start: EngineStart; readonly unreadable: readonly BrokenPlugin[] }> {
  const { config } = await configurationOf(context, flags);
  const { loadPluginSources } = await import("../plugins/mod.ts");
  const { sources, broken } = await loadPluginSources([
    ...config.plugins.dirs,
    ...(flags.plugins ? [flags.plugins] : []),
  ]);
  const environment = await settingsFromEnvironment(context, sources);
  return { start: { command, config, plugins: sources, environment }, unreadable: broken };
}

/** How a plugin names the variable that sets one of its settings. */
const ENV_DECLARATION = /\benv["']?\s*:\s*["']([A-Z_][A-Z0-9_]*)["']/g;

/**
 * The variables that plugins name in their settings. They are found in the text: no plugin runs in this process, and
 * the engine, where they do, has no environment.
 */
export async function settingsFromEnvironment(
  { environment }: Pick<CommandContext, "environment">,
  sources: readonly PluginSource[],
): Promise<Readonly<Record<string, string>>> {
  if (environment !== undefined) return environment;
  const { readEnvironment } = await import("../config/mod.ts");
  return readEnvironment(
    new Set(
      sources.flatMap(({ source }) => [...source.matchAll(ENV_DECLARATION)].map(([, name = ""]) => name)),
    ),
  );
}
