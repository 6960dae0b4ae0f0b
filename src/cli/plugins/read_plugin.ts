/**
 * Reads one plugin file that the operator names.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { originOf, type PluginSource, pluginSourceOf } from "../../plugins/mod.ts";
import { explainFileError } from "../file_error.ts";

/**
 * Reads a plugin; nothing of it runs.
 *
 * @throws {InputError} If the file cannot be read.
 */
export async function readPlugin(file: string): Promise<PluginSource> {
  let source: string;
  try {
    source = await Deno.readTextFile(file);
  } catch (error) {
    throw explainFileError(error, "read", file);
  }
  return await pluginSourceOf(basename(file), originOf(dirname(file)), source);
}
