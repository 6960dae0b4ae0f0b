/**
 * Configuration: defaults, over them a YAML or JSON file, over it the environment, over that the flags.
 *
 * @module
 */

// Importing this is cheap: the schema's and the parser's libraries are loaded by the functions that need them.
export type { AdaptiveRule, Config, LimitRule, ResolverConfig } from "./config.ts";
export { configTemplate } from "./config_template.ts";
export { readEnvironment } from "./environment.ts";
export {
  DEFAULT_CONFIG_FILE,
  type FlagOverride,
  loadConfig,
  type LoadConfigOptions,
  type LoadedConfig,
} from "./load_config.ts";
export { redactConfig } from "./redact_config.ts";
