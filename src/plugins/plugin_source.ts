/**
 * A plugin's source, before anything of it has run.
 *
 * @module
 */

/** A plugin file as read; it survives `postMessage`. */
export interface PluginSource {
  /** The file's name without its directory, such as `unpaywall.ts`. */
  readonly file: string;
  /** `embedded` for a first-party plugin, otherwise the directory it was read from. */
  readonly origin: string;
  /** Its text, in TypeScript or JavaScript. */
  readonly source: string;
  /** SHA-256 of the source as UTF-8, in hexadecimal. */
  readonly sha256: string;
}

/** The origin of first-party plugins. */
export const EMBEDDED_ORIGIN = "embedded";

/** The origin of plugins in a directory: one of that name must not pass for the program's own, which are trusted more. */
export function originOf(directory: string): string {
  return directory === EMBEDDED_ORIGIN ? `./${directory}` : directory;
}

/** A plugin that is left out, and why. */
export interface BrokenPlugin {
  /** The file's name without its directory. */
  readonly file: string;
  /** `embedded`, or the directory it was read from. */
  readonly origin: string;
  /** One sentence that names the file. */
  readonly problem: string;
}

/** Makes a {@link PluginSource} of text. */
export async function pluginSourceOf(file: string, origin: string, source: string): Promise<PluginSource> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(source));
  return { file, origin, source, sha256: new Uint8Array(digest).toHex() };
}
