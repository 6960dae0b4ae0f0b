/**
 * The bytes of a file or of standard input.
 *
 * @module
 */

import { explainFileError } from "../file_error.ts";
import type { Surroundings } from "../surroundings.ts";

/**
 * Opens a file to be read piece by piece; `-` is standard input. Whoever stops early closes it.
 *
 * @throws {InputError} If it is not there; while it is read, if it is a directory.
 * @throws {FatalError} If it cannot be read.
 */
export async function openBytes(
  file: string,
  { stdin }: Pick<Surroundings, "stdin">,
): Promise<AsyncIterable<Uint8Array>> {
  try {
    return explained(file, file === "-" ? stdin() : (await Deno.open(file)).readable);
  } catch (error) {
    throw explainFileError(error, "read", file);
  }
}

async function* explained(file: string, stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw explainFileError(error, "read", file);
  }
}
