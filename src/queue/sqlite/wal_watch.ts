import { InputError } from "../../model/errors.ts";

/** Sees by size and time of the write-ahead log that somebody committed; to ask costs no statement. */
export class WalWatch {
  readonly #path: string;
  #stamp = "";

  /** @param path Of the database; `:memory:` is nobody else's. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Whether there was a commit since the last call, or this is the first one.
   *
   * @throws {InputError} If the file cannot be looked at.
   */
  changed(): boolean {
    const before = this.#stamp;
    this.#stamp = this.#read();
    return this.#stamp !== before;
  }

  #read(): string {
    if (this.#path === ":memory:") return "";
    try {
      const { size, mtime } = Deno.statSync(`${this.#path}-wal`);
      return `${size} ${mtime?.getTime() ?? 0}`;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw new InputError(`Cannot watch queue "${this.#path}"`, { cause: error });
    }
  }
}
