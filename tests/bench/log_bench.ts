/**
 * How large the write-ahead log grows over a million jobs while another process exports and asks for the counters, and
 * what `prune` gives back.
 *
 * @module
 */

import { SystemClock } from "../../src/runtime/mod.ts";
import { drain, enqueueMany, openQueue } from "./_queue.ts";

const JOBS = 1_000_000;
const LOOK_MS = 50;
const PROCESS = new URL("./_reading_process.ts", import.meta.url).pathname;

/** Prints what was measured. */
export async function logBench(print: (line: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "bench-log-" });
  try {
    const path = `${directory}/queue.sqlite`;
    using queue = openQueue(path);
    let largest = 0;
    const sizeOf = (file: string) => Deno.statSync(file).size;
    // Between two transactions, since each of them keeps this thread.
    let lookedAt = 0;
    const look = () => {
      if (performance.now() - lookedAt < LOOK_MS) return;
      lookedAt = performance.now();
      largest = Math.max(largest, sizeOf(`${path}-wal`));
    };
    await enqueueMany(queue, JOBS, 0, look);
    const reader = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", PROCESS, path],
      stdout: "piped",
    }).spawn();
    await drain(queue, JOBS, 64, look);
    reader.kill("SIGTERM");
    const { stdout } = await reader.output();
    const { exported, asked } = readingsOf(new TextDecoder().decode(stdout));
    print(
      `log: ${mebibytes(largest)} MiB at most over ${
        JOBS.toLocaleString("en-US")
      } jobs, while another process read ` +
        `${exported.toLocaleString("en-US")} records and asked for the counters ${asked} times`,
    );
    const full = sizeOf(path);
    const { jobs, bytes } = await queue.prune({ finishedBefore: new SystemClock().now() + 1 });
    print(
      `  prune forgot ${jobs.toLocaleString("en-US")} jobs and gave ${mebibytes(bytes)} of ${
        mebibytes(full)
      } MiB ` +
        "back",
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The last line that the reading process wrote. */
function readingsOf(output: string): { exported: number; asked: number } {
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

if (import.meta.main) await logBench(console.log);
