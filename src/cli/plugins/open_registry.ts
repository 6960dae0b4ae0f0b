/**
 * The plugins that a run would use.
 *
 * @module
 */

import { silentLogger } from "../../model/ports.ts";
import { openPlugins, type PluginRegistry } from "../../plugins/mod.ts";
import type { CommandContext } from "../action.ts";
import { type EngineFlags, readEngineStart } from "../engine_start.ts";

/** Opens them in their sandboxes, where they can ask nobody. Files that could not be read are broken like others. */
export async function openRegistry(context: CommandContext, flags: EngineFlags): Promise<PluginRegistry> {
  const { start, unreadable } = await readEngineStart(context, { type: "run", drain: true }, flags);
  const { config, plugins, environment } = start;
  const registry = await openPlugins({
    sources: plugins,
    settingsOf: (name) => config.resolvers[name],
    common: config.contact.email === undefined ? {} : { email: config.contact.email },
    environment,
    clock: context.clock,
    logger: silentLogger,
  });
  return { ...registry, broken: [...unreadable, ...registry.broken] };
}
