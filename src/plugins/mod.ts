/**
 * Resolver plugins: read, sandboxed, validated.
 *
 * @module
 */

export { checkPlugin, type PluginCheck, type PluginProblem } from "./describe_plugin.ts";
export { type LoadedSources, loadPluginSources } from "./load.ts";
export type { ResolverLimits } from "./limits.ts";
export type { PluginManifest } from "./manifest.ts";
export {
  type BrokenPlugin,
  EMBEDDED_ORIGIN,
  originOf,
  type PluginSource,
  pluginSourceOf,
} from "./plugin_source.ts";
export {
  openPlugins,
  type OpenPluginsOptions,
  type PluginFile,
  type PluginInfo,
  type PluginRegistry,
} from "./registry.ts";
export {
  DEFAULT_BOUNDS,
  type GuestHost,
  type GuestHostEvents,
  type OpenGuestHost,
  type SandboxBounds,
  startGuestWorker,
} from "./sandbox/mod.ts";
export { groupsOfHosts, isBaseUrlName, type PluginHosts, withBaseUrls } from "./shared_hosts.ts";
export type { SettingValue } from "./setting_value.ts";
