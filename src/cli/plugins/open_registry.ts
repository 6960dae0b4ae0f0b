/**
 * The plugins that a run would use.
 *
 * @module
 */

import { silentLogger } from "../../model/ports.ts";
import { openPlugins, type PluginRegistry } from "../../plugins/mod.ts";
import type { CommandContext } from "../action.ts";
import { type EngineFlags, prepareEngine } from "../engine_start.ts";

/** Opens them in their sandboxes, where they can ask nobody. */
export async function openRegistry(context: CommandContext, flags: EngineFlags): Promise<PluginRegistry> {
  const { config, plugins, environment } = await prepareEngine(context, { type: "run", drain: true }, flags);
  return await openPlugins({
    sources: plugins,
    settingsOf: (name) => config.resolvers[name],
    common: config.contact.email === undefined ? {} : { email: config.contact.email },
    environment,
    clock: context.clock,
    logger: silentLogger,
  });
}
