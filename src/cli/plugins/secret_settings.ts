/**
 * Which settings must not be shown.
 *
 * @module
 */

import type { Config } from "../../config/mod.ts";
import { silentLogger } from "../../model/ports.ts";
import { loadPluginSources, openPlugins } from "../../plugins/mod.ts";
import type { CommandContext } from "../action.ts";

/** Names of the settings that plugins declare as secret, by plugin. */
export async function secretSettings(
  { clock }: Pick<CommandContext, "clock">,
  config: Config,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const { sources } = await loadPluginSources(config.plugins.dirs);
  // Their declarations are asked for, not whether the configuration suits them.
  await using registry = await openPlugins({
    sources,
    settingsOf: () => undefined,
    clock,
    logger: silentLogger,
  });
  return Object.fromEntries(registry.plugins.map(({ manifest }) => [
    manifest.name,
    Object.entries(manifest.settings).flatMap(([name, { secret }]) => secret ? [name] : []),
  ]));
}
