import { createHash } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { PartFile, partPathOf, PARTS_DIRECTORY } from "./part_file.ts";
import { readThrough } from "./_read_through.ts";
import type { ResumePoint } from "./resume.ts";
import { StoreError } from "./store_error.ts";

/** A part taken up again. */
export interface ClaimedPart {
  /** Holds the kept bytes, hashed, and takes the rest. */
  readonly part: PartFile;
  /** Where it stands. */
  readonly point: ResumePoint;
}

const sidecarSchema = z.strictObject({
  url: z.string(),
  validator: z.string().min(1),
  totalBytes: z.int().nonnegative().nullable(),
  bytes: z.int().positive(),
  sha256: z.string().length(64),
});

/**
 * Names what is kept of one candidate of one artifact.
 *
 * @param artifactId The artifact.
 * @param url The candidate's URL, before redirects.
 */
export function keptKey(artifactId: string, url: string): string {
  return `${prefixOf(artifactId)}${hashOf(url)}`;
}

function prefixOf(artifactId: string): string {
  return `${hashOf(artifactId)}-`;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/**
 * Puts an unfinished part aside for the next attempt, durably, and closes it. A part without bytes is discarded.
 * What was kept under `key` before is replaced.
 *
 * @throws {StoreError} If it can't be written.
 */
export async function keepPart(
  { outDir, key, part, ...from }: {
    readonly outDir: string;
    readonly key: string;
    readonly part: PartFile;
  } & Omit<ResumePoint, "bytes">,
): Promise<void> {
  if (part.bytes === 0) return part.discard();
  const { bytes, sha256 } = await part.finish();
  const paths = pathsOf(outDir, key);
  try {
    // No order of these two can go wrong at a crash: bytes that the sidecar's hash does not fit are never resumed.
    await removeIfThere(paths.sidecar);
    // Exclusive: a link that was planted under this name would be written through, wherever it leads.
    await Deno.writeTextFile(paths.sidecar, JSON.stringify({ ...from, bytes, sha256 }), { createNew: true });
    part.moveTo(paths.kept);
  } catch (thrown) {
    throw StoreError.from(thrown, "keep", paths.kept);
  }
}

/**
 * Takes up what was kept under `key`, if it is there and its bytes are those that were kept. Only one claim gets it:
 * it is renamed to the owner's part first. Bytes that don't match are removed.
 *
 * @param replay Gets the kept bytes in order, for verification; each piece is valid only during the call.
 * @throws {StoreError} If the file system refuses.
 */
export async function claimKept(
  { outDir, key, owner, replay }: {
    readonly outDir: string;
    readonly key: string;
    /** Names the lease, as in {@linkcode createPart}. */
    readonly owner: string;
    readonly replay: (piece: Uint8Array) => void;
  },
): Promise<ClaimedPart | null> {
  const paths = pathsOf(outDir, key);
  const path = partPathOf(outDir, owner);
  if (!exists(paths.kept)) return null;
  try {
    const sidecar = await readSidecar(paths.sidecar);
    if (!await renamed(paths.kept, path)) return null;
    await removeIfThere(paths.sidecar).catch(() => {});
    if (sidecar === null || !(await Deno.lstat(path)).isFile) return await removed(path);
    const { sha256, ...point } = sidecar;
    const part = await reopened(path, point.bytes, sha256, replay);
    return part ? { part, point } : await removed(path);
  } catch (thrown) {
    throw StoreError.from(thrown, "resume", path);
  }
}

/**
 * Removes all that was kept of an artifact, whatever candidates it came from.
 *
 * @throws {StoreError} If the file system refuses.
 */
export function dropKept(outDir: string, artifactId: string): void {
  const directory = join(outDir, PARTS_DIRECTORY);
  const prefix = prefixOf(artifactId);
  let path = directory;
  try {
    for (const { name } of Deno.readDirSync(directory)) {
      if (!name.startsWith(prefix)) continue;
      path = join(directory, name);
      Deno.removeSync(path);
    }
  } catch (thrown) {
    // No directory, or a sweep was quicker.
    if (!(thrown instanceof Deno.errors.NotFound)) throw StoreError.from(thrown, "remove", path);
  }
}

async function reopened(
  path: string,
  bytes: number,
  sha256: string,
  replay: (piece: Uint8Array) => void,
): Promise<PartFile | null> {
  const file = await Deno.open(path, { read: true, write: true });
  try {
    const hash = createHash("sha256");
    if ((await file.stat()).size === bytes) {
      await readThrough(file, (piece) => {
        hash.update(piece);
        replay(piece);
      });
      // Having read to its end, the file takes the next write there.
      if (hash.copy().digest("hex") === sha256) return new PartFile({ file, path, hash, bytes });
    }
  } catch (thrown) {
    file.close();
    throw thrown;
  }
  file.close();
  return null;
}

async function readSidecar(path: string): Promise<z.infer<typeof sidecarSchema> | null> {
  try {
    return sidecarSchema.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch {
    // Absent, cut short by a crash, or of another release: the bytes beside it can't be used.
    return null;
  }
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await Deno.rename(from, to);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

async function removed(path: string): Promise<null> {
  await Deno.remove(path);
  return null;
}

function pathsOf(outDir: string, key: string): { readonly kept: string; readonly sidecar: string } {
  const stem = join(outDir, PARTS_DIRECTORY, key);
  return { kept: `${stem}.kept`, sidecar: `${stem}.json` };
}

/** Most downloads find nothing kept: the answer must cost next to nothing. */
function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
