/**
 * The network as the engine uses it: the one HTTP client, and the plugins that ask through it.
 *
 * @module
 */

import { InputError } from "../model/errors.ts";
import type { PermitSource } from "../model/permit.ts";
import type { Clock, Logger, Meter } from "../model/ports.ts";
import type { Resolver, ResolverFetch } from "../model/resolver.ts";
import {
  createHttpClient,
  createResolverFetch,
  createRobots,
  createUrlPolicy,
  type HttpClient,
} from "../http/mod.ts";
import { type OpenGuestHost, openPlugins, type PluginRegistry } from "../plugins/mod.ts";
import { createGroups, type Groups } from "./groups.ts";
import type { Config } from "../config/mod.ts";
import { checkPluginNames } from "./plugin_names.ts";
import type { EngineStart } from "./protocol.ts";

/** Says what robots.txt has to say of a URL. */
type RobotsCheck = ReturnType<typeof createRobots>;

const ALLOWED = Promise.resolve({ type: "allowed" } as const);

/** What the engine reaches the world with. */
export interface Network extends AsyncDisposable {
  /** Makes all requests. */
  readonly client: HttpClient;
  /** All plugins, with what is known of them. */
  readonly registry: PluginRegistry;
  /** The resolvers to be asked. */
  readonly resolvers: readonly Resolver[];
  /** The limit groups of hosts and APIs. */
  readonly groups: Groups;
  /** What downloads ask robots.txt; absent where the operator ignores it. */
  readonly robots?: RobotsCheck;
  /** The fetch of one resolver's requests on behalf of one job. */
  fetchFor(resolver: Resolver, permits: PermitSource, signal: AbortSignal): ResolverFetch;
}

/** Opens the plugins and the client. `configNow` is asked whenever a limit is looked up. */
export async function openNetwork(
  start: EngineStart,
  { clock, logger, meter, configNow, openHost }: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly meter: Meter;
    readonly configNow: () => Config;
    readonly openHost: OpenGuestHost;
  },
): Promise<Network> {
  const { config } = start;
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(
    await openPlugins({
      sources: start.plugins,
      settingsOf: (name) => config.resolvers[name],
      common: config.contact.email === undefined ? {} : { email: config.contact.email },
      environment: start.environment,
      openHost,
      clock,
      logger,
    }),
  );
  // To ask one plugin only that one is read.
  if (start.command.type === "run") checkPluginNames(registry, config);
  const resolvers = chosen(registry, config.pipeline.resolvers);
  const groups = createGroups(configNow, registry, resolvers);
  const { timeouts_ms: timeouts, allow_net: allowNet, allow_private: allowPrivate } = config.network;
  const client = stack.use(createHttpClient({
    clock,
    logger,
    meter,
    policy: createUrlPolicy({ allowNet, allowPrivate }),
    userAgent: config.network.user_agent,
    timeouts: {
      connectMs: timeouts.connect,
      firstByteMs: timeouts.first_byte,
      idleMs: timeouts.idle,
      totalMs: timeouts.total,
    },
    maxRedirects: config.network.max_redirects,
    allowDowngrade: config.network.allow_downgrade,
    maxBytes: config.network.max_bytes,
    groupOf: groups.groupOf,
    // Under a scoped net permission Deno checks the name itself, and would refuse the bare address.
    pin: allowNet.length === 0,
  }));
  const robots = config.network.robots === "obey"
    ? createRobots({ client, clock, userAgent: config.network.user_agent })
    : undefined;
  const refusals = new Map(registry.plugins.map(({ manifest }) => [manifest.name, manifest.refusals]));
  const owned = stack.move();
  return {
    client,
    registry,
    resolvers,
    groups,
    ...(robots ? { robots } : {}),
    fetchFor: ({ name }, permits, signal) =>
      createResolverFetch({
        client,
        permits,
        signal,
        groupsOf: (url) => groups.groupsOfRequest(name, url),
        refusals: refusals.get(name) ?? [],
        // An API is there to be asked; robots.txt speaks of pages.
        ...(robots
          ? { robots: (url, context) => groups.isApi(name, url) ? ALLOWED : robots(url, context) }
          : {}),
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * The resolvers that `pipeline.resolvers` names, or all.
 *
 * @throws {InputError} If it names one that cannot be used.
 */
function chosen({ plugins, resolvers }: PluginRegistry, names: readonly string[]): readonly Resolver[] {
  if (names.length === 0) return resolvers;
  for (const name of names) {
    if (resolvers.some((resolver) => resolver.name === name)) continue;
    const info = plugins.find(({ manifest }) => manifest.name === name);
    const why = info ? info.unusable ?? "it is disabled" : "its plugin is broken";
    throw new InputError(`Cannot use resolver "${name}" of pipeline.resolvers: ${why}`);
  }
  return resolvers.filter(({ name }) => names.includes(name));
}
