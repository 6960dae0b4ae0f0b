/**
 * Which groups plugins bring, read from their text and the configuration: none of them runs for that.
 *
 * @module
 */

import type { Config } from "../../config/mod.ts";
import {
  groupsOfHosts,
  isBaseUrlName,
  type PluginHosts,
  type PluginSource,
  withBaseUrls,
} from "../../plugins/mod.ts";

/** The first `name` of a plugin's file is its own. */
const NAME = /\bname["']?\s*:\s*["']([a-z][a-z0-9_]*)["']/;
const HOSTS = /\bhosts["']?\s*:\s*\[([^\]]*)\]/;
const SHARED_HOSTS = /\bsharedHosts["']?\s*:\s*\[([^\]]*)\]/;
const STRING = /["']([^"']+)["']/g;

/** Reads what can be known of plugins without running them; of several of one name the last counts. */
export function knownPlugins(
  sources: readonly PluginSource[],
  resolvers: Config["resolvers"],
): readonly PluginHosts[] {
  const known = sources.map(({ file, source }) => {
    const name = NAME.exec(source)?.[1] ?? file.replace(/\.[jt]s$/, "");
    const baseUrls = Object.entries(resolvers[name] ?? {}).flatMap(([key, value]) =>
      isBaseUrlName(key) ? [String(value)] : []
    );
    const declared = { name, hosts: stringsOf(HOSTS, source), sharedHosts: stringsOf(SHARED_HOSTS, source) };
    return withBaseUrls(declared, baseUrls);
  });
  return [...new Map(known.map((plugin) => [plugin.name, plugin])).values()];
}

/** The group that a host's downloads count in. */
export function groupOfHost(hostKey: string, plugins: readonly PluginHosts[]): string {
  return groupsOfHosts(plugins).get(hostKey) ?? `host:${hostKey}`;
}

function stringsOf(list: RegExp, source: string): readonly string[] {
  return [...(list.exec(source)?.[1] ?? "").matchAll(STRING)].map(([, text = ""]) => text);
}
