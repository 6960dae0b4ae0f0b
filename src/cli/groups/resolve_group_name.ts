/**
 * Which limit group an operator means.
 *
 * @module
 */

import { findSimilar } from "@optique/core/suggestion";
import { hostKey } from "../../limits/mod.ts";
import { InputError } from "../../model/errors.ts";
import type { PluginHosts } from "../../plugins/mod.ts";
import { groupOfHost } from "./known_plugins.ts";

/**
 * The group that `given` names: one that has been used, a resolver's, or that of a host, which may stand without its
 * `host:` and as a URL.
 *
 * @param used Names of the groups in the database.
 * @throws {InputError} If it is none of these; the message names the nearest right ones.
 */
export function resolveGroupName(
  given: string,
  used: ReadonlySet<string>,
  plugins: readonly PluginHosts[],
): string {
  const names = new Set([...used, ...plugins.map(({ name }) => name)]);
  if (names.has(given)) return given;
  const host = hostOf(given);
  if (host !== null) return groupOfHost(host, plugins);
  const near = findSimilar(given, names).map((name) => `"${name}"`);
  const hint = near.length > 0 ? `; did you mean ${near.join(" or ")}?` : "";
  throw new InputError(
    `Cannot set limits of "${given}": it is neither a resolver nor a host nor a group that has been used${hint}`,
  );
}

/** The key of what looks like a host: it has a dot, a port, brackets, `host:` before it, or is a URL. */
function hostOf(given: string): string | null {
  const isUrl = /^https?:\/\//i.test(given);
  const host = given.replace(/^host:/i, "");
  if (!isUrl && host === given && !/\.|:\d+$|^\[.*\]$/.test(given)) return null;
  // The port that goes without saying depends on the scheme.
  const url = isUrl ? given : `${host.endsWith(":80") ? "http" : "https"}://${host}`;
  return URL.canParse(url) && (isUrl || !/[/?#@\s]/.test(host)) ? hostKey(url) : null;
}
