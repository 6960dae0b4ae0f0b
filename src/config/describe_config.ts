/**
 * What can be configured, for people.
 *
 * @module
 */

import type { KeyDescription } from "./key_tree.ts";

/** The commented file that `config init` writes: every key with its default. Loading it changes nothing. */
export async function configTemplate(): Promise<string> {
  return (await import("./template.ts")).renderTemplate();
}

/** Every key with its variable, bounds, default and purpose. */
export async function describeConfig(): Promise<readonly KeyDescription[]> {
  return (await import("./key_tree.ts")).describeKeys();
}
