/**
 * Names of plugins in a configuration.
 *
 * @module
 */

import type { Config } from "../config/mod.ts";
import { InputError } from "../model/errors.ts";
import { nearest } from "../model/nearest.ts";
import type { PluginRegistry } from "../plugins/mod.ts";

/**
 * Refuses names that no plugin has: a resolver whose settings are not found would ask the real provider, with the defaults.
 *
 * @throws {InputError} That names each, with its key and the nearest right name.
 */
export function checkPluginNames({ plugins, broken }: PluginRegistry, config: Config): void {
  const known = plugins.map(({ manifest }) => manifest.name).sort();
  // What a broken plugin calls itself nobody knows; files are named for it, and it must not stop the run.
  const taken = new Set([...known, ...broken.map(({ file }) => file.replace(/\.[^.]*$/, ""))]);
  const named: readonly (readonly [key: string, names: readonly string[]])[] = [
    ["resolvers", Object.keys(config.resolvers)],
    ["pipeline.resolvers", config.pipeline.resolvers],
    ["orchestrator.max_per_resolver", Object.keys(config.orchestrator.max_per_resolver)],
  ];
  const problems = named.flatMap(([key, names]) =>
    names.filter((name) => !taken.has(name)).map((name) => {
      const near = nearest(name, known);
      const hint = near === undefined ? `there are ${known.join(", ") || "none"}` : `did you mean "${near}"?`;
      return `Cannot use ${key}: there is no plugin "${name}"; ${hint}`;
    })
  );
  if (problems.length > 0) throw new InputError(problems.join("\n"));
}
