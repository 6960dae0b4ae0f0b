/**
 * Which groups plugins bring, read from their text: none of them runs for that.
 *
 * @module
 */

import type { PluginSource } from "../../plugins/mod.ts";

/** What a plugin's text says of limit groups. */
export interface KnownPlugin {
  /** The resolver's name, and that of its group. */
  readonly name: string;
  /** Hosts whose downloads count in that group. */
  readonly sharedHosts: readonly string[];
}

/** The first `name` of a plugin's file is its own. */
const NAME = /\bname["']?\s*:\s*["']([a-z][a-z0-9_]*)["']/;
const SHARED_HOSTS = /\bsharedHosts["']?\s*:\s*\[([^\]]*)\]/;
const STRING = /["']([^"']+)["']/g;

/** Reads what can be known of plugins without running them. */
export function knownPlugins(sources: readonly PluginSource[]): readonly KnownPlugin[] {
  return sources.map(({ file, source }) => ({
    name: NAME.exec(source)?.[1] ?? file.replace(/\.[jt]s$/, ""),
    sharedHosts: [...(SHARED_HOSTS.exec(source)?.[1] ?? "").matchAll(STRING)].map(([, host = ""]) =>
      host.toLowerCase()
    ),
  }));
}

/** The group that a host's downloads count in. */
export function groupOfHost(hostKey: string, plugins: readonly KnownPlugin[]): string {
  return plugins.find(({ sharedHosts }) => sharedHosts.includes(hostKey))?.name ?? `host:${hostKey}`;
}
