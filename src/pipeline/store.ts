import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { Directories } from "./directories.ts";
import { dropKept } from "./kept_part.ts";
import { createPart, type PartContent, type PartFile, PARTS_DIRECTORY } from "./part_file.ts";
import { readThrough } from "./_read_through.ts";
import { StoreError } from "./store_error.ts";
import { PdfVerifier } from "./verify_pdf.ts";

/**
 * The output directory: gives out parts and puts finished ones into their places.
 *
 * Invariants: under a final name there is never anything but a whole, synced file; when `storeFile()` or `existing()`
 * has returned one, it survives power loss, so that the queue may be told.
 */
export class FileStore {
  readonly #directories: Directories;

  /**
   * Touches nothing yet.
   *
   * @param outDir The output directory; made at first use.
   */
  constructor(outDir: string) {
    this.#directories = new Directories(outDir);
  }

  /**
   * Opens a new part on the same file system as the final files.
   *
   * @param owner Names the lease, such as `4711-3` for job 4711 under epoch 3; one part an owner at a time.
   * @throws {StoreError} If it can't be made.
   */
  async createPart(owner: string): Promise<PartFile> {
    const { root } = this.#directories;
    await this.#directories.ensure(join(root, PARTS_DIRECTORY));
    return await createPart(root, owner);
  }

  /**
   * Puts `part` into its place: sync the file, rename it, sync the directory. What has that name is replaced at one
   * stroke.
   *
   * @param path Below the output directory, as {@linkcode filePathOf} gives it.
   * @throws {StoreError} If the file system refuses, or a directory on the way is a symbolic link.
   * @throws {TypeError} If `path` is absolute or leads out of the output directory.
   */
  async storeFile(part: PartFile, path: string): Promise<PartContent> {
    const target = this.#targetOf(path);
    const content = part.content ?? await part.finish();
    const directory = dirname(target);
    await this.#directories.ensure(directory);
    await this.#move(part, target);
    await this.#directories.sync(directory);
    return content;
  }

  /**
   * A verified file that is in place already, such as one whose acknowledgement was lost; `null` if there is none or
   * it is not a PDF.
   *
   * @param path Below the output directory.
   * @throws {StoreError} If it is there but can't be read, or is a directory.
   * @throws {TypeError} If `path` is absolute or leads out of the output directory.
   */
  async existing(path: string): Promise<PartContent | null> {
    const target = this.#targetOf(path);
    const bytes = sizeOf(target);
    if (bytes === null) return null;
    await this.#directories.ensure(dirname(target));
    const verifier = new PdfVerifier();
    const content = await contentOf(target, (piece) => verifier.feed(piece));
    // A final name is given to whole files only, so the size found is the size announced.
    if (!verifier.verdict({ announcedBytes: bytes }).ok) return null;
    await this.#directories.sync(dirname(target));
    return content;
  }

  /**
   * Removes what was kept of an artifact for another attempt, once there will be none.
   *
   * @throws {StoreError} If the file system refuses.
   */
  dropKept(artifactId: string): void {
    dropKept(this.#directories.root, artifactId);
  }

  #targetOf(path: string): string {
    if (path.split("/").some((component) => ["", ".", ".."].includes(component))) {
      throw new TypeError(`Cannot store at "${path}": it is not a path below the output directory`);
    }
    return join(this.#directories.root, path);
  }

  async #move(part: PartFile, target: string): Promise<void> {
    try {
      try {
        part.moveTo(target);
      } catch (thrown) {
        if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
        // Somebody tidied up while the program ran: a directory believed in is gone.
        this.#directories.forget();
        await this.#directories.ensure(dirname(target));
        part.moveTo(target);
      }
    } catch (thrown) {
      sizeOf(target);
      throw StoreError.from(thrown, "store", target);
    }
  }
}

/**
 * The size of a regular file; `null` if there is none, or something has the name that a file may replace.
 *
 * @throws {StoreError} If it is a directory, which no file replaces.
 */
function sizeOf(path: string): number | null {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotADirectory) return null;
    throw StoreError.from(thrown, "look at", path);
  }
  if (info.isDirectory) {
    throw new StoreError("io", path, `Cannot store "${path}": a directory has this name; move it away`);
  }
  return info.isFile ? info.size : null;
}

async function contentOf(path: string, take: (piece: Uint8Array) => void): Promise<PartContent> {
  try {
    using file = await Deno.open(path);
    const hash = createHash("sha256");
    let bytes = 0;
    await readThrough(file, (piece) => {
      bytes += piece.length;
      hash.update(piece);
      take(piece);
    });
    return { bytes, sha256: hash.digest("hex") };
  } catch (thrown) {
    throw StoreError.from(thrown, "read", path);
  }
}
