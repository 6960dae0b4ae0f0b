/**
 * How soon the program answers.
 *
 * @module
 */

import type { Start } from "./download_bench.ts";

const RUNS = 15;

/** Times `--help` and `queue stats` as whole processes, beside a program that does nothing. */
export async function startupBench(start: Start, print: (line: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "bench-startup-" });
  try {
    const db = `${directory}/queue.sqlite`;
    await run([...start, "queue", "enqueue", "10.1234/example", "--db", db]);
    const nothing = await median([Deno.execPath(), "eval", "0"]);
    const help = await median([...start, "--help"]);
    const stats = await median([...start, "queue", "stats", "--db", db]);
    print(`  an empty program ${nothing.toFixed(0)} ms`);
    print(`  --help           ${help.toFixed(0)} ms, ${(help / nothing).toFixed(1)} of the empty program`);
    print(`  queue stats      ${stats.toFixed(0)} ms, ${(stats / nothing).toFixed(1)} of the empty program`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function median(command: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < RUNS; n++) {
    const begun = performance.now();
    await run(command);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? NaN;
}

async function run([program = "", ...args]: readonly string[]): Promise<void> {
  const { code } = await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output();
  if (code !== 0) throw new Error(`Cannot time ${args.join(" ")}: it ended with ${code}`);
}
