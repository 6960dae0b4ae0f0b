/**
 * Other downloaders, told to go on after a 429 as well as each of them can.
 *
 * @module
 */

/** Another program. */
export interface Rival {
  readonly program: string;
  /** Fetches the addresses of a list below `root`, for `timeoutMs` at most. */
  run(list: string, root: string, timeoutMs: number): Promise<void>;
}

/** All of them. */
export const RIVALS: readonly Rival[] = [
  {
    program: "curl",
    async run(list, root, timeoutMs) {
      // --retry counts 429 as transient; the names must not clash, so a path is made of each address.
      const urls = (await Deno.readTextFile(list)).trimEnd().split("\n");
      const lines = urls.map((url, n) => `url = "${url}"\noutput = "${root}/${n}.pdf"\n`);
      await Deno.writeTextFile(`${root}/curl.txt`, lines.join(""));
      const args = [
        "-s",
        "--fail",
        "--parallel",
        "--parallel-max",
        "40",
        "--retry",
        "20",
        "-K",
        `${root}/curl.txt`,
      ];
      await run("curl", args, timeoutMs);
    },
  },
  {
    program: "aria2c",
    async run(list, root, timeoutMs) {
      const args = ["-q", "-i", list, "-d", root, "-j", "40", "-x", "1", "-m", "0", "--retry-wait=1"];
      await run("aria2c", [...args, "--auto-file-renaming=true"], timeoutMs);
    },
  },
  {
    program: "wget2",
    async run(list, root, timeoutMs) {
      const args = ["-q", "-i", list, "-P", root, "--max-threads=40", "--tries=20", "--waitretry=10"];
      await run("wget2", [...args, "--no-robots"], timeoutMs);
    },
  },
];

async function run(program: string, args: readonly string[], timeoutMs: number): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  await new Deno.Command(program, { args: [...args], signal, stdout: "null", stderr: "null" }).output();
}
