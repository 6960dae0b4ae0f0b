/**
 * Measures, and prints ratios of one run:
 *
 *   deno task bench [queue] [processes] [pump] [log] [plainjob] [idle] [download] [startup] [polite]
 *
 * @module
 */

import { downloadBench, type Start } from "./download_bench.ts";
import { idleBench } from "./idle_bench.ts";
import { logBench } from "./log_bench.ts";
import { plainjobBench } from "./plainjob_bench.ts";
import { politeBench } from "./polite_bench.ts";
import { processesBench } from "./processes_bench.ts";
import { pumpBench } from "./pump_bench.ts";
import { queueBench } from "./queue_bench.ts";
import { startupBench } from "./startup_bench.ts";

/** The program from source, with the permissions of the binary. */
const START: Start = [
  Deno.execPath(),
  "run",
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  new URL("../../main.ts", import.meta.url).pathname,
];

const print = (line: string) => console.log(line);

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  startup: () => startupBench(START, print),
  queue: () => queueBench(print),
  pump: () => pumpBench(print),
  log: () => logBench(print),
  plainjob: () => plainjobBench(print),
  processes: () => processesBench(print),
  idle: () => idleBench(START, print),
  download: () => downloadBench(START, print),
  polite: () => politeBench(START, print),
};

const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
for (const name of wanted) {
  const bench = BENCHES[name];
  if (!bench) {
    console.error(`Cannot run "${name}": right would be ${Object.keys(BENCHES).join(", ")}`);
    Deno.exit(2);
  }
  print(`\n${name}`);
  await bench();
}
