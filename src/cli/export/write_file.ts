/**
 * Writing a file so that it is there whole or not at all.
 *
 * @module
 */

import { explainFileError } from "../file_error.ts";

/**
 * Writes `chunks` beside the file and renames that when it is whole: a reader never sees half of it, and a full disk
 * leaves the old one in place.
 *
 * @throws {InputError} If its directory is not there.
 * @throws {FatalError} If it cannot be written.
 */
export async function writeFile(path: string, chunks: AsyncIterable<string>): Promise<void> {
  const temporary = `${path}.part`;
  const file = await explained(
    path,
    () => Deno.open(temporary, { write: true, create: true, truncate: true }),
  );
  try {
    {
      using open = file;
      const encoder = new TextEncoder();
      for await (const chunk of chunks) await explained(path, () => writeAll(open, encoder.encode(chunk)));
      await explained(path, () => open.sync());
    }
    await explained(path, () => Deno.rename(temporary, path));
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainFileError(error, "write", path);
  }
}

/**
 * Writes a file that is not there yet.
 *
 * @throws {InputError} If it is there, or its directory is not.
 * @throws {FatalError} If it cannot be written.
 */
export async function writeNewFile(path: string, text: string): Promise<void> {
  await explained(path, () => Deno.writeTextFile(path, text, { createNew: true }));
}
