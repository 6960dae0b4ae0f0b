import { type Config, loadConfig } from "../../src/config/mod.ts";
import { silentLogger } from "../../src/model/ports.ts";
import { openPlugins, type PluginRegistry, pluginSourceOf } from "../../src/plugins/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";

/** A configuration as a file with this content would give it. */
export async function configOf(content: Readonly<Record<string, unknown>> = {}): Promise<Config> {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(file, JSON.stringify(content));
    return (await loadConfig({ version: "test", file, env: {} })).config;
  } finally {
    await Deno.remove(file);
  }
}

/** A plugin's file, with these fields beside those that all have. */
export function pluginFile(name: string, fields: Readonly<Record<string, unknown>> = {}, body = "") {
  const manifest = {
    name,
    version: "1.0.0",
    hosts: [`${name}.example`],
    tier: 1,
    accepts: ["doi"],
    ...fields,
  };
  const text = `export default { ...${JSON.stringify(manifest)}, async resolve(artifact, ctx) { ${
    body || "return { candidates: [] };"
  } } };`;
  return pluginSourceOf(`${name}.js`, "/plugins", text);
}

/** The registry of these plugins under a configuration. */
export async function registryOf(
  config: Config,
  ...plugins: readonly [name: string, fields?: Readonly<Record<string, unknown>>][]
): Promise<PluginRegistry> {
  const registry = await openPlugins({
    sources: await Promise.all(plugins.map(([name, fields]) => pluginFile(name, fields))),
    settingsOf: (name) => config.resolvers[name],
    clock: new SystemClock(),
    logger: silentLogger,
  });
  const [broken] = registry.broken;
  if (broken) throw new TypeError(broken.problem);
  return registry;
}
