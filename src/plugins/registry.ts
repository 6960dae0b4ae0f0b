/**
 * Opens plugins and gives their resolvers.
 *
 * @module
 */

import { InputError } from "../model/errors.ts";
import type { Clock, Logger } from "../model/ports.ts";
import type { Resolver } from "../model/resolver.ts";
import { describePlugin, guestKeyOf, sentenceOf } from "./describe_plugin.ts";
import { limitsInForce, type ResolverLimits } from "./limits.ts";
import type { PluginManifest } from "./manifest.ts";
import { PluginRunner } from "./plugin_runner.ts";
import { type BrokenPlugin, EMBEDDED_ORIGIN, type PluginSource } from "./plugin_source.ts";
import { DEFAULT_BOUNDS, type OpenGuestHost, Sandbox, type SandboxBounds } from "./sandbox/mod.ts";
import type { SettingValue } from "./setting_value.ts";
import { withBaseUrls } from "./shared_hosts.ts";
import { isBaseUrl, type ResolvedSettings, resolveSettings } from "./settings.ts";

/** Options of {@link openPlugins}. */
export interface OpenPluginsOptions {
  /** Later ones replace earlier ones of the same name. */
  readonly sources: readonly PluginSource[];
  /** `resolvers.<name>` of the configuration as it stands there; `undefined` where there is nothing. */
  settingsOf(name: string): Readonly<Record<string, unknown>> | undefined;
  /** Values for settings that plugins share, such as `email` from `contact.email`. @default none */
  readonly common?: Readonly<Record<string, SettingValue>>;
  /** Environment variables that settings may come from. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** For the deadlines of calls and workers. */
  readonly clock: Clock;
  /** Told what plugins log, break and are refused. */
  readonly logger: Logger;
  /** What a plugin may use up. @default {@link DEFAULT_BOUNDS} */
  readonly bounds?: Partial<SandboxBounds>;
  /** Starts the workers that plugins live in. @default as children of this thread */
  readonly openHost?: OpenGuestHost;
}

/** Which file a plugin came from. */
export type PluginFile = Omit<PluginSource, "source">;

/** All that is known of a plugin. */
export interface PluginInfo {
  /** What it says about itself. */
  readonly manifest: PluginManifest;
  /** Where it was read. */
  readonly file: PluginFile;
  /** Files of the same name that it replaces, earliest first. */
  readonly replaced: readonly PluginFile[];
  /** Whether the operator has it on. */
  readonly enabled: boolean;
  /** Why it cannot be used although it is enabled, and what would mend it. */
  readonly unusable?: string;
  /** The operator's tier, else the plugin's. */
  readonly tier: number;
  /** The limits that it states for its group, whose name is its own; the operator's stand above them. */
  readonly limits: ResolverLimits;
  /** Hosts whose downloads count in its group too, those of its base URLs included. */
  readonly sharedHosts: readonly string[];
  /** Hosts that it may ask, those of its base URLs included. */
  readonly hosts: readonly string[];
  /** Its settings in force, secrets replaced by `***`. */
  readonly settings: Readonly<Record<string, SettingValue>>;
}

/** The plugins of a run. Disposal ends their sandboxes; calls under way then fail. */
export interface PluginRegistry extends AsyncDisposable {
  /** All that could be read, disabled and unusable ones included, by tier and name. */
  readonly plugins: readonly PluginInfo[];
  /** Files that could not be used, and why. */
  readonly broken: readonly BrokenPlugin[];
  /** Those that are enabled and usable, by tier and name. */
  readonly resolvers: readonly Resolver[];
}

interface Described {
  readonly source: PluginSource;
  readonly manifest: PluginManifest;
}

/**
 * Evaluates each plugin for its manifest, resolves its settings and gives its resolver.
 *
 * A plugin that cannot be evaluated, or whose manifest is invalid, is reported in `broken` and left out. First-party
 * plugins share one worker; each other one gets its own, at its first call.
 *
 * @throws {InputError} If the operator's settings for a plugin are invalid; the message names each key. What an
 * environment variable gives to a plugin that is not first-party only makes that plugin unusable.
 */
export async function openPlugins(options: OpenPluginsOptions): Promise<PluginRegistry> {
  const bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
  const runners = new Map<string, PluginRunner>();
  const newSandbox = () =>
    new Sandbox({
      openHost: options.openHost,
      bounds,
      clock: options.clock,
      onBroke: (guest, bound, detail) => runners.get(guest)?.broke(bound, detail),
    });
  using stack = new DisposableStack();
  const shared = stack.use(newSandbox());

  const broken: BrokenPlugin[] = [];
  const described: Described[] = [];
  // One after the other, so that none can be a bystander of another that takes the sandbox down.
  using inspection = newSandbox();
  for (const source of options.sources) {
    const sandbox = source.origin === EMBEDDED_ORIGIN ? shared : inspection;
    const manifest = await describePlugin(sandbox, source, bounds);
    if (!("message" in manifest)) {
      described.push({ source, manifest });
      continue;
    }
    const problem = sentenceOf(source, manifest);
    options.logger.error("A plugin is broken and left out", {
      file: source.file,
      origin: source.origin,
      problem,
    });
    broken.push({ file: source.file, origin: source.origin, problem });
  }

  const problems: string[] = [];
  const plugins: PluginInfo[] = [];
  for (const candidates of Map.groupBy(described, ({ manifest }) => manifest.name).values()) {
    const chosen = candidates.at(-1);
    if (!chosen) continue;
    const { source, manifest } = chosen;
    const settings = resolveSettings(manifest, {
      configured: options.settingsOf(manifest.name) ?? {},
      common: options.common ?? {},
      environment: options.environment ?? {},
    });
    problems.push(...settings.problems);
    if (source.origin === EMBEDDED_ORIGIN) problems.push(...settings.misfits);
    const info = infoOf(chosen, candidates.slice(0, -1).map((one) => one.source), settings);
    plugins.push(info);
    if (!info.enabled || info.unusable !== undefined) continue;
    const runner = new PluginRunner({
      name: manifest.name,
      source,
      sandbox: source.origin === EMBEDDED_ORIGIN ? shared : stack.use(newSandbox()),
      guest: guestKeyOf(source),
      bounds,
      clock: options.clock,
      logger: options.logger,
      settings: settings.values,
      secrets: settings.secrets,
      hosts: info.hosts,
    });
    runners.set(guestKeyOf(source), runner);
  }
  for (const source of options.sources) {
    if (!runners.has(guestKeyOf(source))) shared.unload(guestKeyOf(source));
  }
  if (problems.length > 0) throw new InputError(problems.join("\n"));

  plugins.sort((one, other) => one.tier - other.tier || (one.manifest.name < other.manifest.name ? -1 : 1));
  const resolvers = plugins.flatMap((info) => resolverOf(info, runners.get(guestKeyOf(info.file))) ?? []);
  const owned = stack.move();
  return {
    plugins,
    broken,
    resolvers,
    [Symbol.asyncDispose]() {
      owned.dispose();
      return Promise.resolve();
    },
  };
}

function infoOf(
  { source, manifest }: Described,
  replaced: readonly PluginSource[],
  settings: ResolvedSettings,
): PluginInfo {
  const { name } = manifest;
  const baseUrls = Object.entries(manifest.settings).flatMap(([key, declared]) =>
    isBaseUrl(key, declared) ? [String(settings.values[key] ?? "")] : []
  );
  const { hosts, sharedHosts } = withBaseUrls(manifest, baseUrls);
  const [missing] = settings.missing;
  const unusable = settings.misfits[0] ?? (missing === undefined ? undefined : mendOf(manifest, missing));
  return {
    manifest,
    file: fileOf(source),
    replaced: replaced.map(fileOf),
    enabled: settings.enabled,
    ...(unusable === undefined ? {} : { unusable }),
    tier: settings.tier,
    limits: limitsInForce(manifest.limits, (setting) => (settings.values[setting] ?? "") !== ""),
    sharedHosts,
    hosts,
    settings: Object.fromEntries(
      Object.entries(settings.values).map((
        [key, value],
      ) => [key, manifest.settings[key]?.secret ? "***" : value]),
    ),
  };
  function mendOf({ settings: declared }: PluginManifest, key: string): string {
    const env = declared[key]?.env;
    const ways = [`set resolvers.${name}.${key}`];
    if (key === "email") ways.push("contact.email");
    if (env) ways.push(`the environment variable ${env}`);
    return `Cannot use resolver "${name}": its setting "${key}" has no value; ${ways.join(" or ")}`;
  }
}

function fileOf({ file, origin, sha256 }: PluginSource): PluginFile {
  return { file, origin, sha256 };
}

function resolverOf(info: PluginInfo, runner: PluginRunner | undefined): Resolver | undefined {
  return runner && {
    name: info.manifest.name,
    tier: info.tier,
    accepts: info.manifest.accepts,
    group: info.manifest.name,
    resolve: (artifact, signal, fetch) => runner.resolve(artifact, signal, fetch),
  };
}
