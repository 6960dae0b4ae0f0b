/**
 * Which limit groups there are, what their limits are, and what each route of the queue needs.
 *
 * @module
 */

import type { Config } from "../config/mod.ts";
import { type GroupLimits, hostKey, parseRate } from "../limits/mod.ts";
import type { IdKind } from "../model/identifier.ts";
import type { NeedsOf } from "../orchestrator/mod.ts";
import type { PluginInfo, PluginRegistry } from "../plugins/mod.ts";

/** The prefix of a host's group. */
const HOST = "host:";

/** The limit groups of one run. */
export interface Groups {
  /** The limits of a group, by its name. */
  limitsOf(name: string): GroupLimits;
  /** The group of a download: the host's own, or that of a plugin whose hosts share one rule. */
  groupOf(url: URL): string;
  /** The groups of a resolver's request: its own, and that of a host which is not its API. */
  groupsOfRequest(resolver: string, url: URL): readonly string[];
  readonly needsOf: NeedsOf;
}

/** Derives the groups of a run from its configuration and plugins. */
export function createGroups(configNow: () => Config, registry: PluginRegistry): Groups {
  const infos = new Map(registry.plugins.map((info) => [info.manifest.name, info]));
  const shared = sharedHosts(registry);
  const groupOfHost = (key: string) => shared.get(key) ?? `${HOST}${key}`;
  const groupOf = (url: URL) => groupOfHost(hostKey(url));
  return {
    limitsOf: (name) => limitsOf(name, configNow(), infos.get(name)),
    groupOf,
    groupsOfRequest(resolver, url) {
      const isApi = infos.get(resolver)?.hosts.some((host) => host.toLowerCase() === hostKey(url)) ?? false;
      return isApi ? [resolver] : [resolver, groupOf(url)];
    },
    needsOf: createNeeds(registry, groupOfHost),
  };
}

/**
 * Hosts whose downloads count in a plugin's group. A host that several plugins name, as where one server stands in for
 * all APIs, belongs to none of them.
 */
function sharedHosts(registry: PluginRegistry): ReadonlyMap<string, string> {
  const claims = new Map<string, Set<string>>();
  for (const { manifest, hosts } of registry.plugins) {
    for (const host of hosts) {
      const key = host.toLowerCase();
      claims.set(key, (claims.get(key) ?? new Set()).add(manifest.name));
    }
  }
  const shared = new Map<string, string>();
  for (const { manifest, sharedHosts: hosts } of registry.plugins) {
    for (const host of hosts) {
      if (claims.get(host.toLowerCase())?.size === 1) shared.set(host.toLowerCase(), manifest.name);
    }
  }
  return shared;
}

function createNeeds(registry: PluginRegistry, groupOfHost: (key: string) => string): NeedsOf {
  const fresh = new Map<string, readonly (readonly string[])[]>();
  return (route) => {
    if (route.startsWith(HOST)) return [[groupOfHost(route.slice(HOST.length))]];
    if (!route.startsWith("fresh:")) return [[route]];
    let needs = fresh.get(route);
    if (!needs) fresh.set(route, needs = firstTier(registry, route.slice("fresh:".length)));
    return needs;
  };
}

/** The resolvers that a work is asked of first; any one of them will do to begin with. */
function firstTier(registry: PluginRegistry, kind: string): readonly (readonly string[])[] {
  const able = registry.resolvers.filter(({ accepts }) =>
    accepts.some((accepted: IdKind) => accepted === kind)
  );
  const tier = Math.min(...able.map((resolver) => resolver.tier));
  const first = able.filter((resolver) => resolver.tier === tier).map(({ group }) => [group]);
  // A work that nobody can be asked about needs nobody's leave to end.
  return first.length > 0 ? first : [[]];
}

function limitsOf(name: string, config: Config, plugin: PluginInfo | undefined): GroupLimits {
  const { orchestrator, limits } = config;
  const own = limits[name];
  const windows = own?.rates?.map(parseRate);
  if (plugin) {
    const { concurrency, rates, dailyBudget } = plugin.limits;
    const budget = own?.daily_budget ?? dailyBudget;
    return {
      concurrency: own?.concurrency ?? orchestrator.max_per_resolver[name] ?? concurrency ??
        orchestrator.max_per_host,
      windows: windows ?? rates.map(({ count, perMs }) => ({ limit: count, perMs })),
      ...(budget === undefined ? {} : { dailyBudget: { limit: budget } }),
      raise: own?.raise ?? false,
    };
  }
  const general = limits["default"];
  const budget = own?.daily_budget ?? general?.daily_budget;
  return {
    concurrency: own?.concurrency ?? general?.concurrency ?? orchestrator.max_per_host,
    windows: windows ?? general?.rates?.map(parseRate) ?? [],
    ...(budget === undefined ? {} : { dailyBudget: { limit: budget } }),
    raise: own?.raise ?? general?.raise ?? false,
  };
}
