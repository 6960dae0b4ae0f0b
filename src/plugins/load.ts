/**
 * Reads plugin files. Nothing of them runs here, so it may be done where files can be read, and the sources sent to
 * where plugins run.
 *
 * @module
 */

import { InputError, messageOf } from "../model/errors.ts";
import {
  type BrokenPlugin,
  EMBEDDED_ORIGIN,
  originOf,
  type PluginSource,
  pluginSourceOf,
} from "./plugin_source.ts";

/** Of characters fewer are allowed: see {@linkcode SandboxBounds}. This keeps a file from being read that is no plugin. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

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
  // Named twice, as by the configuration and the command line, a directory counts where it was named last.
  for (const directory of directories.filter((one, index) => directories.lastIndexOf(one) === index)) {
    parts.push(await readDirectory(directory, originOf(directory)));
  }
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
      sources.push(await pluginSourceOf(file, origin, await readPluginText(path)));
    } catch (thrown) {
      broken.push({ file, origin, problem: `Cannot read plugin "${file}": ${messageOf(thrown)}` });
    }
  }
  return { sources, broken };
}

/**
 * Reads a plugin's file.
 *
 * @throws {Error} If it is no regular file, or far too large: a pipe would be waited for, a device read, for ever.
 */
async function readPluginText(path: string | URL): Promise<string> {
  const { isFile, isDirectory, size } = await Deno.stat(path);
  if (!isFile) throw new Error(isDirectory ? "it is a directory" : "it is no regular file");
  if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes where ${MAX_FILE_BYTES} are allowed`);
  return await Deno.readTextFile(path);
}

function isPluginFile(name: string): boolean {
  return /^[^._].*\.[jt]s$/.test(name) && !name.endsWith(".d.ts") && !/_test\.[jt]s$/.test(name);
}
