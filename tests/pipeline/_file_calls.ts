import { basename } from "node:path";

/** Watches the calls that make files durable, and can make them wait or fail. */
export class FileCalls implements Disposable {
  /** Such as `sync 1-1.part` and `rename a.pdf`, in the order in which they ended. */
  readonly done: string[] = [];
  /** Awaited before each sync, with the name of what is synced. */
  beforeSync: (name: string) => void | Promise<void> = () => {};
  readonly #real = {
    open: Deno.open,
    openSync: Deno.openSync,
    renameSync: Deno.renameSync,
    sync: Deno.FsFile.prototype.sync,
  };

  constructor() {
    const { open, openSync, renameSync, sync } = this.#real;
    const names = new WeakMap<Deno.FsFile, string>();
    Deno.open = async (path, options) => {
      const file = await open(path, options);
      names.set(file, basename(String(path)));
      return file;
    };
    Deno.openSync = (path, options) => {
      const file = openSync(path, options);
      names.set(file, basename(String(path)));
      return file;
    };
    Deno.renameSync = (from, to) => {
      renameSync(from, to);
      this.done.push(`rename ${basename(String(to))}`);
    };
    const watch = async (file: Deno.FsFile) => {
      const name = names.get(file) ?? "?";
      await this.beforeSync(name);
      await sync.call(file);
      this.done.push(`sync ${name}`);
    };
    Deno.FsFile.prototype.sync = function () {
      return watch(this);
    };
  }

  [Symbol.dispose](): void {
    Deno.open = this.#real.open;
    Deno.openSync = this.#real.openSync;
    Deno.renameSync = this.#real.renameSync;
    Deno.FsFile.prototype.sync = this.#real.sync;
  }
}
