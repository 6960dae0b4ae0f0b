/**
 * What can be configured, for people.
 *
 * @module
 */

/** The commented file that `config init` writes: every key with its default. Loading it changes nothing. */
export async function configTemplate(): Promise<string> {
  return (await import("./template.ts")).renderTemplate();
}
