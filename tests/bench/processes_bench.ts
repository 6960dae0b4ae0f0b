/**
 * Eight processes on one file against one: claims a second, and how long a claim takes.
 *
 * @module
 */

import type { Claimed } from "./_claiming_process.ts";
import { enqueueMany, openQueue } from "./_queue.ts";

const DURATION_MS = 4_000;
const PROCESS = new URL("./_claiming_process.ts", import.meta.url).pathname;

/** Prints what was measured; in turn, as a busy machine is not the same from one moment to the next. */
export async function processesBench(print: (line: string) => void, rounds = 3): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const one = await claimWith(1), eight = await claimWith(8);
    ratios.push(eight.perSecond / one.perSecond);
    print(
      `claims a second: ${Math.round(one.perSecond)} by one process, ${Math.round(eight.perSecond)} by eight`,
    );
    print(
      `  p50, p99, p99.9 and longest claim: ${line(one.claimsMs)} ms by one, ${
        line(eight.claimsMs)
      } ms by eight`,
    );
    const shares = eight.shares.toSorted((a, b) => a - b);
    print(`  jobs of each of eight: ${shares.join(", ")}`);
  }
  const sorted = ratios.toSorted((a, b) => a - b).map((ratio) => ratio.toFixed(2));
  print(`eight processes of one: ${sorted[Math.floor(rounds / 2)]} (${sorted.join(", ")})`);
}

async function claimWith(
  processes: number,
): Promise<{ perSecond: number; claimsMs: number[]; shares: number[] }> {
  const directory = await Deno.makeTempDir({ prefix: "processes-bench-" });
  const path = `${directory}/queue.sqlite`;
  try {
    {
      using queue = openQueue(path);
      await enqueueMany(queue, 400_000);
    }
    const started = await Promise.all(
      Array.from({ length: processes }, (_, n) => start(path, `worker-${n}`)),
    );
    for (const { go } of started) await go();
    const ended = await Promise.all(started.map(({ end }) => end()));
    return {
      perSecond: ended.reduce((sum, { jobs, elapsedMs }) => sum + jobs / elapsedMs * 1000, 0),
      claimsMs: ended.flatMap(({ claimsMs }) => claimsMs).sort((a, b) => a - b),
      shares: ended.map(({ jobs }) => jobs),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function start(
  path: string,
  workerId: string,
): Promise<{ go(): Promise<void>; end(): Promise<Claimed> }> {
  const args = ["run", "-A", "--no-check", PROCESS, path, workerId, String(DURATION_MS)];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  return {
    async go() {
      const writer = child.stdin.getWriter();
      await writer.write(new Uint8Array(1));
      await writer.close();
    },
    async end() {
      let text = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
      await child.status;
      return JSON.parse(text);
    },
  };
}

function line(sorted: readonly number[]): string {
  const at = (q: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN).toFixed(1);
  return [at(0.5), at(0.99), at(0.999), at(1)].join(" / ");
}

if (import.meta.main) await processesBench(console.log);
