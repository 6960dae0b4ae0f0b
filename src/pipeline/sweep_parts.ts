import { join } from "node:path";
import { PARTS_DIRECTORY } from "./part_file.ts";
import { StoreError } from "./store_error.ts";

/** What a sweep leaves alone. */
export interface SweepOptions {
  /**
   * Parts kept for resuming, and those whose owner is not known, are removed if they were last written before this
   * instant, in milliseconds since the epoch.
   *
   * @default none is
   */
  readonly dropOlderThanMs?: number;
}

/**
 * Removes the temporary files that dead workers left below `outDir`, and kept parts that are old or incomplete. Files
 * of any other name stay.
 *
 * @param isLive Whether `owner` (as given to {@linkcode createPart}) holds its lease. Asked after the part was seen,
 *   so that a lease is never younger than the answer. `null` if it cannot be known: another queue's leases are that
 *   queue's to judge.
 * @returns How many files were removed.
 * @throws {StoreError} If the directory can't be read or a file can't be removed.
 */
export async function sweepParts(
  outDir: string,
  isLive: (owner: string) => boolean | null | Promise<boolean | null>,
  { dropOlderThanMs = -Infinity }: SweepOptions = {},
): Promise<number> {
  const directory = join(outDir, PARTS_DIRECTORY);
  const names = await namesIn(directory);
  let removed = 0;
  for (const name of names) {
    const [, stem = "", extension] = /^([A-Za-z0-9_-]+)\.(part|kept|json)$/.exec(name) ?? [];
    if (extension === undefined) continue;
    const path = join(directory, name);
    const isYoung = async () => !await isOlder(path, dropOlderThanMs);
    const stays = extension === "part"
      ? (await isLive(stem)) ?? (await isYoung())
      : names.has(`${stem}.${extension === "kept" ? "json" : "kept"}`) && await isYoung();
    if (!stays && await remove(path)) removed++;
  }
  return removed;
}

async function namesIn(directory: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  try {
    for await (const entry of Deno.readDir(directory)) if (!entry.isDirectory) names.add(entry.name);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw StoreError.from(thrown, "list", directory);
  }
  return names;
}

async function isOlder(path: string, instantMs: number): Promise<boolean> {
  try {
    const writtenMs = (await Deno.lstat(path)).mtime?.getTime() ?? 0;
    return writtenMs < instantMs;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw StoreError.from(thrown, "look at", path);
  }
}

async function remove(path: string): Promise<boolean> {
  try {
    await Deno.remove(path);
    return true;
  } catch (thrown) {
    // Another process sweeps too, or its owner was quicker.
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw StoreError.from(thrown, "remove", path);
  }
}
