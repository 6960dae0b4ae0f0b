/**
 * The configuration without its secrets.
 *
 * @module
 */

import { isSecretName, REDACTED } from "../model/secret.ts";
import type { Config } from "./config.ts";

/**
 * A copy of `config` that may be shown: settings of resolvers that are secret are replaced by `***`. All other
 * keys are the program's own, and none of them holds a secret.
 *
 * @param secretSettings Names of the settings that a resolver's plugin declares as secret, by resolver. Settings
 * whose name speaks of a key, token, secret or password are secret without a declaration.
 */
export function redactConfig(
  config: Config,
  secretSettings: Readonly<Record<string, readonly string[]>> = {},
): Config {
  const resolvers = Object.entries(config.resolvers).map(([name, settings]) => {
    const secret = new Set(Object.hasOwn(secretSettings, name) ? secretSettings[name] : []);
    const shown = Object.entries(settings).map(([setting, value]) => [
      setting,
      secret.has(setting) || isSecretName(setting) ? REDACTED : value,
    ]);
    return [name, { ...settings, ...Object.fromEntries(shown) }] as const;
  });
  return { ...config, resolvers: Object.fromEntries(resolvers) };
}
