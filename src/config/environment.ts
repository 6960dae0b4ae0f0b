/**
 * The environment: the only file that reads it.
 *
 * @module
 */

/** What the names of all variables that set configuration keys begin with. */
export const ENVIRONMENT_PREFIX = "CONTENTDOWNLOAD_";

/**
 * Reads variables by their names. A variable that is empty, or that may not be read, counts as unset; nothing is
 * asked for at a terminal.
 *
 * @returns The values of those that are set.
 */
export function readEnvironment(names: Iterable<string>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of names) {
    // Reading what is neither granted nor denied would ask at a terminal.
    if (Deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") continue;
    const value = Deno.env.get(name);
    if (value !== undefined && value !== "") values[name] = value;
  }
  return values;
}

/** The variable that sets a key: `CONTENTDOWNLOAD_NETWORK__TIMEOUTS_MS__CONNECT` for `network.timeouts_ms.connect`. */
export function variableOf(path: readonly string[]): string {
  return ENVIRONMENT_PREFIX + path.map((part) => part.toUpperCase()).join("__");
}

/** The key that a variable sets; `undefined` for a variable of another purpose. */
export function pathOfVariable(name: string): string[] | undefined {
  const parts = name.startsWith(ENVIRONMENT_PREFIX)
    ? name.slice(ENVIRONMENT_PREFIX.length).toLowerCase().split("__")
    : [];
  return parts.length > 1 ? parts : undefined;
}

/**
 * The names of all variables that set configuration keys; `null` if the environment may not be listed, as under
 * `--allow-env=CONTENTDOWNLOAD_*` alone.
 */
export function listConfigVariables(): string[] | null {
  // Listing what is neither granted nor denied would ask at a terminal.
  if (Deno.permissions.querySync({ name: "env" }).state === "prompt") return null;
  try {
    // Denied by --ignore-env, it still lists what is allowed by name.
    return Object.keys(Deno.env.toObject()).filter((name) => pathOfVariable(name) !== undefined);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return null;
    throw error;
  }
}
