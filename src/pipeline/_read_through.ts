/** Few system calls for a large file, little memory for many at once. */
const READ_BYTES = 131_072;

/**
 * Reads `file` to its end.
 *
 * @param take Gets each piece; the next one overwrites it.
 */
export async function readThrough(file: Deno.FsFile, take: (piece: Uint8Array) => void): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
    take(buffer.subarray(0, count));
  }
}
