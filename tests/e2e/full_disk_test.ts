import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { startLittleWeb } from "../../fixtures/mod.ts";
import { PROGRAM_KIND } from "../_support/program.ts";
import { filesBelow } from "../_support/stored.ts";
import { Workspace } from "../_support/workspace.ts";

/** A small file system of its own. Disposal takes it away. */
class SmallDisk implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts one; `null` where that is not permitted. */
  static async mount(bytes: number): Promise<SmallDisk | null> {
    const path = await Deno.makeTempDir({ prefix: "contentdownload-disk-" });
    const mounted = await command("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", path]);
    if (mounted) return new SmallDisk(path);
    await Deno.remove(path);
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await command("umount", [this.path]);
    await Deno.remove(this.path);
  }
}

async function command(name: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(name, { args: [...args], stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

async function canMount(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  await using disk = await SmallDisk.mount(1_000_000);
  return disk !== null;
}

const MOUNTS = await canMount();
if (!MOUNTS) console.log("The tests of full disks are skipped: this user may not mount a file system");

async function small(bytes: number): Promise<SmallDisk> {
  const disk = await SmallDisk.mount(bytes);
  if (disk === null) throw new Error("Cannot mount a second file system: the first one could be");
  return disk;
}

Deno.test({
  name: `a full disk under the downloads ends the run with one line, and nothing is lost ${PROGRAM_KIND}`,
  ignore: !MOUNTS,
  fn: async () => {
    await using web = await startLittleWeb();
    await using disk = await small(3_000_000);
    const out = join(disk.path, "downloads");
    await using workspace = await Workspace.open(web, { storage: { out } });
    const urls = Array.from({ length: 12 }, (_, index) => `${web.origins.press}/good/700000/${index}.pdf`);
    await workspace.importUrls(urls);

    const { code, stderr } = await workspace.run(["queue", "run", "--drain", "--quiet"]);
    equal(code, 1, stderr);
    match(stderr, /^contentdownload: [^\n]*No space left on device[^\n]*free some space[^\n]*\n$/);
    const stats = await workspace.stats();
    deepEqual([stats.in_progress, stats.error, stats.done + stats.queued], [0, 0, urls.length]);
    const stored = [...(await workspace.records()).values()].map(({ path }) => path).sort();
    for await (const path of filesBelow(out)) {
      if (path.startsWith(".part/")) continue;
      equal((await Deno.stat(join(out, path))).size, 700_000, path);
    }

    // With room again the rest comes, and what was stored is not fetched again.
    web.log.clear();
    await workspace.succeed(["queue", "run", "--drain", "--out", workspace.downloads]);
    equal((await workspace.stats()).done, urls.length);
    const asked = web.log.of("press").filter(({ path }) => path.endsWith(".pdf"));
    equal(asked.length, urls.length - stored.length);
  },
});

Deno.test({
  name:
    `a full disk under the database ends an import with what was taken, and the queue stays sound ${PROGRAM_KIND}`,
  ignore: !MOUNTS,
  fn: async () => {
    await using web = await startLittleWeb();
    await using disk = await small(1_000_000);
    await using workspace = await Workspace.open(web);
    const database = join(disk.path, "queue.sqlite");
    await workspace.succeed(["queue", "enqueue", "10.1234/first", "--db", database]);
    const list = Array.from({ length: 50_000 }, (_, index) => `10.1234/work.${index}\n`).join("");
    const { code, stderr } = await workspace.run(["queue", "import", "-", "--db", database], { stdin: list });
    equal(code, 1, stderr);
    match(
      stderr,
      /^contentdownload: [\d,]+ works are in the queue; [^\n]+\ncontentdownload: [^\n]*disk is full[^\n]*\n$/,
    );

    const check = await workspace.succeed(["queue", "check", "--format", "json", "--db", database]);
    deepEqual(JSON.parse(check), { integrity: [], counters: [] });
    match(await workspace.succeed(["queue", "show", "doi:10.1234/first", "--db", database]), /queued/);
  },
});
