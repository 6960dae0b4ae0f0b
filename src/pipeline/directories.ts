import { dirname, normalize, sep } from "node:path";
import { StoreError } from "./store_error.ts";

/**
 * The directories of one tree: makes them, proves once that each is a real directory, and makes changes in them
 * durable.
 *
 * Invariant: a directory counts as known only when it is no symbolic link and its entry in its parent has been
 * synced, by whichever process made it.
 */
export class Directories {
  /** The tree's root, normalised. */
  readonly root: string;
  readonly #known = new Map<string, Promise<void>>();
  readonly #syncs = new Map<string, Syncing>();

  /**
   * Makes nothing yet.
   *
   * @param root The output directory. It may itself be a link: that is the operator's choice.
   */
  constructor(root: string) {
    const normal = normalize(root);
    this.root = normal.length > 1 && normal.endsWith(sep) ? normal.slice(0, -1) : normal;
  }

  /**
   * Makes `directory` and its parents up to the root, each durably. Costs nothing for a directory known already.
   *
   * @throws {StoreError} If one of them can't be made, or is a link or a file.
   */
  ensure(directory: string): Promise<void> {
    const known = this.#known.get(directory);
    if (known) return known;
    const making = directory === this.root ? this.#makeRoot() : this.#make(directory);
    this.#known.set(directory, making);
    making.catch(() => this.#known.delete(directory));
    return making;
  }

  /** Forgets everything below the root, after one of its directories turned out to be gone. */
  forget(): void {
    this.#known.clear();
  }

  /**
   * Makes renames in `directory` that have happened before this call durable. Calls that come while a sync is
   * under way share the next one: many workers store into one DOI prefix.
   *
   * @throws {StoreError} If the sync fails; then none of the renames that it was to cover can be relied on.
   */
  sync(directory: string): Promise<void> {
    const syncing = this.#syncs.get(directory);
    if (syncing === undefined) {
      const entry: Syncing = { next: null };
      this.#syncs.set(directory, entry);
      return this.#run(directory, entry);
    }
    if (syncing.next === null) syncing.next = Promise.withResolvers<void>();
    return syncing.next.promise;
  }

  async #run(directory: string, entry: Syncing): Promise<void> {
    try {
      await syncDirectory(directory);
    } finally {
      const next = entry.next;
      entry.next = null;
      if (next === null) this.#syncs.delete(directory);
      else this.#run(directory, entry).then(next.resolve, next.reject);
    }
  }

  async #makeRoot(): Promise<void> {
    try {
      await Deno.mkdir(this.root, { recursive: true });
    } catch (thrown) {
      throw StoreError.from(thrown, "make the output directory", this.root);
    }
    // The parent lies outside of what the confined engine may open; where it may, the new entry is made durable.
    await syncDirectory(dirname(this.root)).catch(() => {});
  }

  async #make(directory: string): Promise<void> {
    const parent = dirname(directory);
    await this.ensure(parent);
    try {
      await Deno.mkdir(directory);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.AlreadyExists)) {
        throw StoreError.from(thrown, "make the directory", directory);
      }
      await requireRealDirectory(directory);
    }
    await this.sync(parent);
  }
}

interface Syncing {
  /** Those who came after the sync under way had begun. */
  next: PromiseWithResolvers<void> | null;
}

async function requireRealDirectory(path: string): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (thrown) {
    throw StoreError.from(thrown, "look at", path);
  }
  if (info.isDirectory) return;
  const what = info.isSymlink
    ? "a symbolic link, which may lead out of the output directory"
    : "not a directory";
  throw new StoreError("not-permitted", path, `Cannot store below "${path}": it is ${what}; move it away`);
}

async function syncDirectory(path: string): Promise<void> {
  // Windows opens no directories; NTFS keeps renames in its own journal.
  if (Deno.build.os === "windows") return;
  try {
    using directory = Deno.openSync(path);
    await directory.sync();
  } catch (thrown) {
    throw StoreError.from(thrown, "sync the directory", path);
  }
}
