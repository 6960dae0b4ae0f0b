/**
 * Which limit groups there are, what their limits are, and what each route of the queue needs.
 *
 * @module
 */

import type { Config, LimitRule } from "../config/mod.ts";
import { ADAPTIVE_DEFAULTS, type AdaptiveStart, type GroupLimits, hostKey } from "../limits/mod.ts";
import { parseRate } from "../model/rate.ts";
import type { IdKind } from "../model/identifier.ts";
import type { Closed } from "../model/permit.ts";
import type { Resolver } from "../model/resolver.ts";
import type { NeedsOf } from "../orchestrator/mod.ts";
import { groupsOfHosts, type PluginInfo, type PluginRegistry } from "../plugins/mod.ts";
import { freshKind } from "../queue/mod.ts";

/** The prefix of a host's group. */
const HOST = "host:";

/** The default of `orchestrator.max_per_host`: an operator who sets more knows the hosts. */
const DEFAULT_MAX_PER_HOST = 4;

/** The route of a job that waits for several groups at once: their names with spaces between. */
export function routeOf({ group, needs = [group] }: Closed): string {
  return needs.join(" ");
}

/** The limit groups of one run. */
export interface Groups {
  /** The limits of a group, by its name. */
  limitsOf(name: string): GroupLimits;
  /** The group of a download: the host's own, or that of a plugin whose hosts share one rule. */
  groupOf(url: URL): string;
  /** Whether a URL's host is one that a resolver declared: its API. */
  isApi(resolver: string, url: URL): boolean;
  /** The groups of a resolver's request: its own, and that of a host for which the resolver's does not stand. */
  groupsOfRequest(resolver: string, url: URL): readonly string[];
  /** The groups that a job on a route of the queue begins with. */
  readonly needsOf: NeedsOf;
}

/** Derives the groups of a run from its configuration and plugins. */
export function createGroups(
  configNow: () => Config,
  registry: PluginRegistry,
  resolvers: readonly Resolver[],
): Groups {
  const infos = new Map(registry.plugins.map((info) => [info.manifest.name, info]));
  const shared = groupsOfHosts(
    registry.plugins.map(({ manifest: { name }, hosts, sharedHosts }) => ({ name, hosts, sharedHosts })),
  );
  const groupOfHost = (key: string) => shared.get(key) ?? `${HOST}${key}`;
  const groupOf = (url: URL) => groupOfHost(hostKey(url));
  const isApi = (resolver: string, url: URL) => infos.get(resolver)?.hosts.includes(hostKey(url)) ?? false;
  return {
    limitsOf: (name) => limitsOf(name, configNow(), infos.get(name)),
    groupOf,
    isApi,
    groupsOfRequest: (resolver, url) =>
      isApi(resolver, url) && !asksAnyHost(infos.get(resolver)) ? [resolver] : [resolver, groupOf(url)],
    needsOf: createNeeds(resolvers, groupOfHost),
  };
}

/** Whether a plugin reads pages of any host: then its group is no server's, and each host answers for itself. */
function asksAnyHost(plugin: PluginInfo | undefined): boolean {
  return plugin?.hosts.includes("*") ?? false;
}

function createNeeds(resolvers: readonly Resolver[], groupOfHost: (key: string) => string): NeedsOf {
  const fresh = new Map<string, ReturnType<NeedsOf>>();
  return (route) => {
    if (route.startsWith(HOST) && !route.includes(" ")) return [[[groupOfHost(route.slice(HOST.length))]]];
    const kind = freshKind(route);
    if (kind === null) return [[route.split(" ")]];
    let needs = fresh.get(route);
    if (!needs) fresh.set(route, needs = tiersOf(resolvers, kind));
    return needs;
  };
}

/** The resolvers that a work is asked of, by tiers; any one of a tier will do to begin with. */
function tiersOf(resolvers: readonly Resolver[], kind: string): ReturnType<NeedsOf> {
  const able = resolvers.filter(({ accepts }) => accepts.some((accepted: IdKind) => accepted === kind));
  const tiers = Map.groupBy(able.toSorted((a, b) => a.tier - b.tier), ({ tier }) => tier);
  const [first, ...later] = [...tiers.values()].map((tier) => tier.map(({ group }) => [group]));
  // A work that nobody can be asked about needs nobody's leave to end.
  return first ? [first, ...later] : [[[]]];
}

/** What the operator's configuration, the plugin and the defaults say of a group, in this order. */
function limitsOf(name: string, config: Config, plugin: PluginInfo | undefined): GroupLimits {
  const { orchestrator, limits } = config;
  const own = limits[name] ?? (name.startsWith(HOST) ? limits[name.slice(HOST.length)] : undefined);
  const rule: LimitRule = { ...(plugin ? config.resolvers[name]?.limits : limits["default"]), ...own };
  const countsOnly = asksAnyHost(plugin);
  const concurrency = rule.concurrency ?? (plugin ? orchestrator.max_per_resolver[name] : undefined) ??
    plugin?.limits.concurrency ?? (countsOnly ? Infinity : orchestrator.max_per_host);
  const windows = rule.rates?.map(parseRate) ??
    plugin?.limits.rates ?? [];
  const budget = rule.daily_budget ?? plugin?.limits.dailyBudget;
  return {
    concurrency,
    windows,
    ...(budget === undefined
      ? {}
      : { dailyBudget: { limit: budget, resetHourUtc: rule.budget_reset_hour_utc ?? 0 } }),
    raise: rule.raise ?? false,
    countsOnly,
    adaptive: adaptiveOf(rule, concurrency, windows.length > 0 || countsOnly, config),
  };
}

/**
 * A host that nobody stated a rate for is approached gently, unless the operator said that hosts bear more by raising
 * `max_per_host` above its default, or switched the search off.
 */
function adaptiveOf(rule: LimitRule, concurrency: number, rated: boolean, config: Config): AdaptiveStart {
  const own = rule.adaptive;
  const initial = own?.initial_per_second;
  const trusted = config.orchestrator.max_per_host > DEFAULT_MAX_PER_HOST && initial === undefined;
  return {
    start: rated || trusted || own?.enabled === false ? "full" : "gentle",
    options: {
      ...ADAPTIVE_DEFAULTS,
      maxConcurrency: Math.min(own?.max_concurrency ?? concurrency, concurrency),
      initialPerSecond: initial ?? ADAPTIVE_DEFAULTS.initialPerSecond,
      floorPerSecond: own?.floor_per_second ?? ADAPTIVE_DEFAULTS.floorPerSecond,
      ceilingPerSecond: own?.ceiling_per_second ?? ADAPTIVE_DEFAULTS.ceilingPerSecond,
    },
  };
}
