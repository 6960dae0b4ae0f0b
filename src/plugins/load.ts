/**
 * Reads plugin files. Nothing of them runs here, so it may be done where files can be read, and the sources sent to
 * where plugins run.
 *
 * @module
 */

import { InputError, messageOf } from "../model/errors.ts";
import { type BrokenPlugin, EMBEDDED_ORIGIN, type PluginSource, pluginSourceOf } from "./plugin_source.ts";

/** What was read. */
export interface LoadedSources {
  /** In the order in which a later one replaces an earlier one of the same name. */
  readonly sources: readonly PluginSource[];
  /** Files that could not be read. */
  readonly broken: readonly BrokenPlugin[];
}

/** The first-party plugins; beside `main.ts` in a checkout, inside the program in a compiled one. */
const EMBEDDED_DIRECTORY = new URL("../../plugins/", import.meta.url);

/**
 * Reads the first-party plugins and then those of `directories`, in order.
 *
 * A plugin is a file that ends in `.ts` or `.js`; declarations (`.d.ts`), tests (`_test.ts`) and names that begin
 * with a dot or an underscore are none. A file that cannot be read is broken, not fatal.
 *
 * @param directories Paths, as the operator gave them.
 * @throws {InputError} If a directory cannot be read.
 */
export async function loadPluginSources(directories: readonly string[]): Promise<LoadedSources> {
  const parts = [await readDirectory(EMBEDDED_DIRECTORY, EMBEDDED_ORIGIN)];
  for (const directory of directories) parts.push(await readDirectory(directory, directory));
  return { sources: parts.flatMap((part) => part.sources), broken: parts.flatMap((part) => part.broken) };
}

async function readDirectory(directory: string | URL, origin: string): Promise<LoadedSources> {
  const files: string[] = [];
  try {
    for await (const entry of Deno.readDir(directory)) {
      if (!entry.isDirectory && isPluginFile(entry.name)) files.push(entry.name);
    }
  } catch (thrown) {
    throw new InputError(`Cannot read plugins from "${origin}": ${messageOf(thrown)}`, { cause: thrown });
  }
  const sources: PluginSource[] = [];
  const broken: BrokenPlugin[] = [];
  for (const file of files.sort()) {
    try {
      const path = directory instanceof URL ? new URL(file, directory) : `${directory}/${file}`;
      sources.push(await pluginSourceOf(file, origin, await Deno.readTextFile(path)));
    } catch (thrown) {
      broken.push({ file, origin, problem: `Cannot read plugin "${file}": ${messageOf(thrown)}` });
    }
  }
  return { sources, broken };
}

function isPluginFile(name: string): boolean {
  return /^[^._].*\.[jt]s$/.test(name) && !name.endsWith(".d.ts") && !/_test\.[jt]s$/.test(name);
}
