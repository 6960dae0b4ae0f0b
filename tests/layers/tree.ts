/**
 * Reads the project's own source files.
 *
 * @module
 */

/** A source file of the project. */
export interface SourceFile {
  /** Path from the root of the project, with forward slashes. */
  readonly path: string;
  readonly source: string;
}

const ROOT = new URL("../../", import.meta.url);

/**
 * Reads the TypeScript and JavaScript files at and below `starts`, sorted by path.
 *
 * @param starts Files and folders from the root of the project; what does not exist is left out.
 */
export async function readTree(starts: readonly string[]): Promise<SourceFile[]> {
  const paths = (await Promise.all(starts.map(listSources))).flat().sort();
  return await Promise.all(
    paths.map(async (path) => ({ path, source: await Deno.readTextFile(new URL(path, ROOT)) })),
  );
}

async function listSources(path: string): Promise<string[]> {
  const found = await Deno.stat(new URL(path, ROOT)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (found === undefined) return [];
  if (found.isFile) return /\.[jt]s$/.test(path) ? [path] : [];
  const below: Promise<string[]>[] = [];
  for await (const entry of Deno.readDir(new URL(path, ROOT))) {
    below.push(listSources(`${path}/${entry.name}`));
  }
  return (await Promise.all(below)).flat();
}
