/** What stands in the way of a file: space or quota, a right or a read-only file system, or the device itself. */
export type StoreErrorKind = "disk-full" | "not-permitted" | "io";

const KINDS: Readonly<Record<string, StoreErrorKind>> = {
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
  EACCES: "not-permitted",
  EPERM: "not-permitted",
  EROFS: "not-permitted",
};

const MENDS: Readonly<Record<StoreErrorKind, string>> = {
  "disk-full": "free some space, raise the quota, or set storage.out to another disk",
  "not-permitted": "make the directory writable for this user, or set storage.out to another one",
  "io": "check the disk, or set storage.out to another one",
};

/**
 * A file could not be stored. `disk-full` and `not-permitted` would meet every other file too, so the run should
 * stop with this message; `io` concerns this file, and so its job alone.
 */
export class StoreError extends Error {
  /** Its class. */
  override readonly name = "StoreError";
  /** What stands in the way. */
  readonly kind: StoreErrorKind;
  /** The file or directory concerned. */
  readonly path: string;

  /**
   * An error with a message of its own; see {@linkcode StoreError.from} for the system's.
   *
   * @param kind What stands in the way.
   * @param path The file or directory concerned.
   * @param message One sentence that names the path and the mend.
   */
  constructor(kind: StoreErrorKind, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.path = path;
  }

  /**
   * The error for something the system threw.
   *
   * @param action What was tried, as in "Cannot `write` …".
   */
  static from(thrown: unknown, action: string, path: string): StoreError {
    if (thrown instanceof StoreError) return thrown;
    const kind = kindOf(thrown);
    const why = thrown instanceof Error ? thrown.message.replace(/: \w+ '.*$/, "") : String(thrown);
    return new StoreError(kind, path, `Cannot ${action} "${path}": ${why}; ${MENDS[kind]}`, {
      cause: thrown,
    });
  }
}

function kindOf(thrown: unknown): StoreErrorKind {
  // NotCapable is Deno's own refusal: the run's permissions do not reach this directory.
  if (thrown instanceof Deno.errors.PermissionDenied || thrown instanceof Deno.errors.NotCapable) {
    return "not-permitted";
  }
  if (!(thrown instanceof Error)) return "io";
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
  // Deno gives no `code` for some numbers (EDQUOT is 122 on Linux, 69 on macOS), but always the system's text.
  return KINDS[code] ?? (/quota exceeded/i.test(thrown.message) ? "disk-full" : "io");
}
