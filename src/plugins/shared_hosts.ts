/**
 * Which hosts' downloads count in the group of a plugin.
 *
 * @module
 */

/** The hosts of a plugin. */
export interface PluginHosts {
  /** The plugin's name, which is that of its group. */
  readonly name: string;
  /** Hosts that it may ask. */
  readonly hosts: readonly string[];
  /** Hosts whose downloads count in its group too. */
  readonly sharedHosts: readonly string[];
}

/** Whether a setting of this name holds a base URL, whose host counts as declared. */
export function isBaseUrlName(name: string): boolean {
  return name === "base_url" || name.endsWith("_base_url");
}

/** The hosts of a plugin with those of its base URLs; what is no URL adds none. */
export function withBaseUrls(
  { name, hosts, sharedHosts }: PluginHosts,
  baseUrls: readonly string[],
): PluginHosts {
  const added = baseUrls.flatMap((text) => URL.parse(text)?.host ?? []);
  return {
    name,
    hosts: [...new Set([...hosts, ...added])],
    sharedHosts: sharedHosts.length > 0 ? [...new Set([...sharedHosts, ...added])] : [],
  };
}

/**
 * The group that downloads from a host count in, by host. A host that several plugins name, as where one server stands in
 * for all APIs, belongs to none of them.
 */
export function groupsOfHosts(plugins: readonly PluginHosts[]): ReadonlyMap<string, string> {
  const claims = new Map<string, Set<string>>();
  for (const { name, hosts } of plugins) {
    for (const host of hosts) claims.set(host, (claims.get(host) ?? new Set()).add(name));
  }
  const shared = new Map<string, string>();
  for (const { name, sharedHosts } of plugins) {
    for (const host of sharedHosts) {
      if (claims.get(host)?.size === 1) shared.set(host, name);
    }
  }
  return shared;
}
