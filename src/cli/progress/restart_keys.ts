import type { Config } from "../../config/mod.ts";

/**
 * The keys of a changed configuration that a run does not take over: all that differ but limits.
 *
 * @param before What the run was started with.
 * @param after What stands in the configuration by now.
 * @returns Such as `storage.out`, in the order of the configuration.
 */
export function restartKeys(before: Config, after: Config): string[] {
  return [...changes([], before, after)].map((path) => path.join("."));
}

function* changes(path: readonly string[], before: unknown, after: unknown): Generator<readonly string[]> {
  if (isLimit(path)) return;
  if (!isGroup(before ?? after) || !isGroup(after ?? before)) {
    if (JSON.stringify(before) !== JSON.stringify(after)) yield path;
    return;
  }
  // A resolver that is not mentioned is enabled.
  const missing = path.length === 2 && path[0] === "resolvers" ? { enabled: true } : {};
  const all = new Map(Object.entries({ ...missing, ...before as object }));
  const now = new Map(Object.entries({ ...missing, ...after as object }));
  for (const key of new Set([...all.keys(), ...now.keys()])) {
    yield* changes([...path, key], all.get(key), now.get(key));
  }
}

/** Whether a run reads this key again: what limit groups are made of. */
function isLimit([section, name, key]: readonly string[]): boolean {
  return section === "limits" || (section === "resolvers" && key === "limits") ||
    (section === "orchestrator" && (name === "max_per_host" || name === "max_per_resolver"));
}

function isGroup(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
