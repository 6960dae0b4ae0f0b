/**
 * The queue beside `plainjob`, a queue on SQLite for Node.js that is made for speed. It is built on the spot, of what npm
 * has, and used here only.
 *
 * @module
 */

import { claimAndAckRate } from "./queue_bench.ts";

const PACKAGES = ["plainjob@0.0.14", "better-sqlite3@12.11.1"];
const JOBS = 20_000;
const ROUNDS = 3;

/** Drains the queue with a worker that has nothing to do, and prints jobs a second; all options at their defaults. */
const PROGRAM = `
import Database from "better-sqlite3";
import { better, defineQueue, defineWorker } from "plainjob";
const logger = { debug() {}, info() {}, warn() {}, error: console.error };
const queue = defineQueue({ connection: better(new Database(process.argv[2])), logger });
queue.addMany("work", Array.from({ length: ${JOBS} }, (_, n) => ({ doi: "10.1234/example." + n })));
let done = 0;
const begun = performance.now();
await new Promise((resolve) => {
  const onCompleted = () => {
    if (++done === ${JOBS}) resolve();
  };
  void defineWorker("work", () => {}, { queue, logger, onCompleted }).start();
});
console.log(${JOBS} / (performance.now() - begun) * 1000);
process.exit(0);
`;

/** Prints what was measured, or why nothing could be. */
export async function plainjobBench(print: (line: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "bench-plainjob-" });
  try {
    const problem = await build(directory);
    if (problem !== null) return print(`  left out, plainjob could not be built: ${problem}`);
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const rival = await rivalRate(directory, round);
      const ours = await claimAndAckRate(`${directory}/ours-${round}`, 32);
      ratios.push(ours / rival);
      print(
        `  round ${round + 1}: plainjob ${Math.round(rival)} jobs/s, claim + ack at batch 32 ${
          Math.round(ours)
        } jobs/s, ratio ${(ours / rival).toFixed(1)}`,
      );
    }
    ratios.sort((a, b) => a - b);
    print(`plainjob: ${(ratios[ROUNDS >> 1] ?? NaN).toFixed(1)} times its jobs a second`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function build(directory: string): Promise<string | null> {
  await Deno.writeTextFile(`${directory}/package.json`, JSON.stringify({ private: true, type: "module" }));
  await Deno.writeTextFile(`${directory}/drain.js`, PROGRAM);
  // Headers that came with Node.js; without them the build would fetch some.
  const node = await output("node", ["-p", "path.resolve(process.execPath, '../..')"], directory);
  if (node.code !== 0) return "node is missing";
  const installed = await output("npm", [
    "install",
    "--no-audit",
    "--no-fund",
    `--nodedir=${node.stdout.trim()}`,
    ...PACKAGES,
  ], directory);
  return installed.code === 0 ? null : installed.stderr.trim().split("\n").at(-1) ?? "npm failed";
}

async function rivalRate(directory: string, round: number): Promise<number> {
  const { code, stdout, stderr } = await output("node", ["drain.js", `rival-${round}.sqlite`], directory);
  if (code !== 0) throw new Error(`Cannot time plainjob: it ended with ${code}: ${stderr}`);
  return Number(stdout);
}

async function output(program: string, args: string[], cwd: string) {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } catch (error) {
    return { code: -1, stdout: "", stderr: String(error) };
  }
}
