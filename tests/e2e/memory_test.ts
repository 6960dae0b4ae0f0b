import { equal, ok } from "node:assert/strict";
import { startLittleWeb } from "../../fixtures/mod.ts";
import { PROGRAM_KIND } from "../_support/program.ts";
import { filesBelow } from "../_support/stored.ts";
import { until } from "../_support/until.ts";
import { Workspace } from "../_support/workspace.ts";

const MIB = 1024 * 1024;
const BIG_BYTES = 200_000_000;
const SMALL_BYTES = 200_000;
const MAX_RISE_BYTES = 32 * MIB;

/** The most memory that a process has held at once, in bytes (`VmHWM` of proc(5)). */
async function peakMemory(pid: number): Promise<number> {
  const [, kib = ""] = /^VmHWM:\s+(\d+) kB$/m.exec(await Deno.readTextFile(`/proc/${pid}/status`)) ?? [];
  return Number(kib) * 1024;
}

Deno.test({
  name: `a download of 200 MB takes at most 32 MiB more memory than a small one ${PROGRAM_KIND}`,
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using web = await startLittleWeb();

    async function peakOfDownload(bytes: number): Promise<number> {
      await using workspace = await Workspace.open(web, { pipeline: { resolvers: ["arxiv"] } });
      await workspace.importUrls([`${web.origins.press}/big?bytes=${bytes}`]);
      await using program = workspace.start(["queue", "run", "--quiet"]);
      await until(async () => (await workspace.stats()).done === 1, `${bytes} bytes are stored`);
      const peak = await peakMemory(program.pid);
      program.kill("SIGTERM");
      equal((await program.ended).code, 143);
      const sizes: number[] = [];
      for await (const path of filesBelow(workspace.downloads)) {
        sizes.push((await Deno.stat(`${workspace.downloads}/${path}`)).size);
      }
      equal(sizes.join(), String(bytes));
      return peak;
    }

    const small = await peakOfDownload(SMALL_BYTES);
    const big = await peakOfDownload(BIG_BYTES);
    const rise = `${(small / MIB).toFixed(1)} MiB for ${SMALL_BYTES} bytes, ${
      (big / MIB).toFixed(1)
    } MiB for ${BIG_BYTES}`;
    console.log(`peak memory ${PROGRAM_KIND}: ${rise}`);
    ok(big - small <= MAX_RISE_BYTES, rise);
  },
});
