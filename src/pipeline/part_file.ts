import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";
import { StoreError } from "./store_error.ts";

/** Where temporary files live, below the output directory and so on its file system. */
export const PARTS_DIRECTORY = ".part";

/** Smaller chunks are joined to writes of this size: a write on another thread costs 25 µs, a copy of as many bytes 5 µs. */
const GATHER_BYTES = 65_536;

/** What a finished part holds. */
export interface PartContent {
  /** Its length. */
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** What a part is made of. */
export interface PartFileInit {
  /** Open for writing, at its end. */
  readonly file: Deno.FsFile;
  /** Its temporary path. */
  readonly path: string;
  /** Has taken in what the file holds already. */
  readonly hash: Hash;
  /** What the file holds already. */
  readonly bytes: number;
}

/**
 * A file on its way: written and hashed as the bytes come, then either moved to its final name, kept for another
 * attempt, or removed.
 *
 * States: `open` takes chunks; `finish()` makes it `finished`: synced, closed, its content known; `moveTo()` and
 * `discard()` end it. A failed write or sync makes it `broken`, from where only `discard()` leads on: after a failed
 * fsync the kernel may call the lost pages clean, so a second fsync would lie. Disposal discards whatever was not
 * moved, so no path out of a download leaves a part behind.
 */
export class PartFile implements Disposable {
  /** Its temporary path. */
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #hash: Hash;
  #gather: Uint8Array<ArrayBuffer> | null = null;
  #gathered = 0;
  #bytes: number;
  #state: "open" | "broken" | "finished" | "ended" = "open";
  #content: PartContent | null = null;

  /** For {@linkcode createPart} and for resuming; takes over `init.file`. */
  constructor(init: PartFileInit) {
    this.#file = init.file;
    this.path = init.path;
    this.#hash = init.hash;
    this.#bytes = init.bytes;
  }

  /** Bytes taken so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether it takes chunks. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** What the file holds; `null` until it is finished. */
  get content(): PartContent | null {
    return this.#content;
  }

  /**
   * Appends `chunk`, one call at a time; when it has returned, the chunk's memory may be used again.
   *
   * @throws {StoreError} If the file system refuses it, or what was gathered before it.
   */
  async write(chunk: Uint8Array): Promise<void> {
    this.#require("open", "write to");
    this.#bytes += chunk.length;
    this.#hash.update(chunk);
    if (this.#gathered + chunk.length > GATHER_BYTES) this.#flush();
    if (chunk.length >= GATHER_BYTES) return await this.#put(chunk);
    this.#gather ??= new Uint8Array(GATHER_BYTES);
    this.#gather.set(chunk, this.#gathered);
    this.#gathered += chunk.length;
  }

  /**
   * Makes the bytes durable and closes the file.
   *
   * @throws {StoreError} If the sync fails. The part is then lost and has to be fetched anew.
   */
  async finish(): Promise<PartContent> {
    this.#require("open", "finish");
    this.#flush();
    try {
      await this.#file.sync();
    } catch (thrown) {
      throw this.#broken(thrown, "sync");
    }
    this.#file.close();
    this.#state = "finished";
    this.#content = { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
    return this.#content;
  }

  /**
   * Gives the finished file another name on the same file system, replacing what is there. The caller syncs the
   * directory.
   *
   * @throws The system's own error, so that the caller can tell a missing directory.
   */
  moveTo(path: string): void {
    this.#require("finished", "move");
    Deno.renameSync(this.path, path);
    this.#state = "ended";
  }

  /** Closes and removes the file. Does nothing once it was moved or discarded. */
  discard(): void {
    if (this.#state === "ended") return;
    if (this.#state !== "finished") this.#file.close();
    this.#state = "ended";
    try {
      Deno.removeSync(this.path);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw StoreError.from(thrown, "remove", this.path);
    }
  }

  /** Discards the file unless it was moved. */
  [Symbol.dispose](): void {
    this.discard();
  }

  /** Writes what was gathered: little enough to cost less here than the way to another thread. */
  #flush(): void {
    const bytes = this.#gather?.subarray(0, this.#gathered);
    this.#gathered = 0;
    try {
      for (let rest = bytes; rest && rest.length > 0;) rest = rest.subarray(this.#file.writeSync(rest));
    } catch (thrown) {
      throw this.#broken(thrown, "write");
    }
  }

  /** Writes a large chunk on another thread: the copy into the page cache is a quarter of what a download costs. */
  async #put(chunk: Uint8Array): Promise<void> {
    try {
      // A short write is how a disk begins to be full; the next one says so.
      for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await this.#file.write(rest));
    } catch (thrown) {
      throw this.#broken(thrown, "write");
    }
  }

  #broken(thrown: unknown, action: string): StoreError {
    this.#state = "broken";
    return StoreError.from(thrown, action, this.path);
  }

  #require(state: "open" | "finished", action: string): void {
    if (this.#state !== state) {
      throw new TypeError(`Cannot ${action} "${this.path}": it is ${this.#state}, not ${state}`);
    }
  }
}

/**
 * Path of the part that `owner` writes.
 *
 * @param owner Names the lease, such as `4711-3` for job 4711 under epoch 3.
 * @throws {TypeError} If `owner` holds anything but letters, digits, `-` and `_`.
 */
export function partPathOf(outDir: string, owner: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(owner)) {
    throw new TypeError(`Cannot name a part: owner "${owner}" is not 1 to 64 letters, digits, "-" and "_"`);
  }
  return join(outDir, PARTS_DIRECTORY, `${owner}.part`);
}

/**
 * Opens a new part for `owner`. The directory for parts must exist; see {@linkcode FileStore}.
 *
 * @throws {StoreError} If it can't be made, also when the owner has one already.
 */
export async function createPart(outDir: string, owner: string): Promise<PartFile> {
  const path = partPathOf(outDir, owner);
  try {
    // Exclusive: neither another holder's bytes nor a planted link is ever written through.
    // On another thread: making a file can wait for the journal while other files are being synced.
    const file = await Deno.open(path, { write: true, createNew: true });
    return new PartFile({ file, path, hash: createHash("sha256"), bytes: 0 });
  } catch (thrown) {
    throw StoreError.from(thrown, "create", path);
  }
}
