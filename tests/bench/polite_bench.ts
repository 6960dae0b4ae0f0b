/**
 * Hosts that refuse whoever asks too fast: how soon all files are there, and how often the program is refused.
 *
 * @module
 */

import { SeededRandom } from "../../src/runtime/mod.ts";
import type { Start } from "./download_bench.ts";
import { hasProgram, type LogLine, type NginxRig, type RigHost, startRig } from "./_nginx_rig.ts";
import { RIVALS } from "./_rivals.ts";

const HOSTS = 40;
const FILES_PER_HOST = 100;
const SLOW_FILES = 2_000;

/** Options of {@linkcode politeBench}. */
export interface PoliteBenchOptions {
  /** Seeds the hosts' limits and the order of the list. @default 1 */
  readonly seed?: number;
  /** Whether other programs get the same list. @default true */
  readonly rivals?: boolean;
  /** Whether the hosts with unknown limits are measured. @default true */
  readonly unknownLimits?: boolean;
  /** Whether the fast hosts beside a very slow one are. @default true */
  readonly slowHost?: boolean;
}

/** Prints what was measured, or why nothing could be. */
export async function politeBench(
  start: Start,
  print: (line: string) => void,
  { seed = 1, rivals = true, unknownLimits = true, slowHost = true }: PoliteBenchOptions = {},
): Promise<void> {
  if (!await hasProgram("nginx")) {
    print("polite: left out, nginx is missing (apt-get install nginx-light)");
    return;
  }
  if (unknownLimits) await manyHosts(start, print, seed, rivals);
  if (slowHost) await oneSlowHost(start, print, seed);
}

/** 40 hosts whose limits nobody states, and the time that these limits make necessary. */
async function manyHosts(
  start: Start,
  print: (line: string) => void,
  seed: number,
  rivals: boolean,
): Promise<void> {
  const random = new SeededRandom(seed);
  const hosts = Array.from({ length: HOSTS }, (): RigHost => {
    const perSecond = 1 + Math.floor(random.next() * 20);
    const connections = 1 + Math.floor(random.next() * 4);
    return { rate: `${perSecond}r/s`, perSecond, connections, files: FILES_PER_HOST };
  });
  const boundMs = Math.max(...hosts.map(({ files, perSecond }) => files / perSecond * 1000));
  print(
    `polite: ${HOSTS} hosts of 1-20 requests a second and 1-4 connections, ${HOSTS * FILES_PER_HOST} files ` +
      `(seed ${seed}); bound ${seconds(boundMs)}`,
  );
  print("  program             files   makespan   of bound   requests   429s");
  const programs: [name: string, run: (list: string, root: string) => Promise<void>][] = [
    ["contentdownload", (list, root) => runProgram(start, list, root)],
  ];
  for (const rival of rivals ? RIVALS : []) {
    if (!await hasProgram(rival.program)) {
      print(`  ${rival.program.padEnd(16)}    left out: it is not installed`);
      continue;
    }
    programs.push([rival.program, (list, root) => rival.run(list, root, 2 * boundMs)]);
  }
  for (const [name, run] of programs) {
    await using rig = await startRig(hosts);
    const directory = await Deno.makeTempDir({ prefix: "polite-" });
    try {
      const urls = shuffled(hosts.flatMap((_, host) => rig.urlsOf(host)), random);
      const begunMs = Date.now();
      await run(await listOf(urls, directory), directory);
      print(row(name, await rig.log(), begunMs, boundMs));
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
}

/** Fast hosts alone, then behind 2,000 jobs of a host that takes one request in five seconds. */
async function oneSlowHost(start: Start, print: (line: string) => void, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const fast = Array.from({ length: HOSTS - 1 }, (): RigHost => {
    const perSecond = 10 + Math.floor(random.next() * 11);
    return { rate: `${perSecond}r/s`, perSecond, connections: 4, files: FILES_PER_HOST };
  });
  const slow: RigHost = { rate: "12r/m", perSecond: 0.2, connections: 1, files: SLOW_FILES };
  const times: number[] = [];
  for (const hosts of [fast, [...fast, slow]]) {
    await using rig = await startRig(hosts);
    const directory = await Deno.makeTempDir({ prefix: "polite-" });
    try {
      const urls = shuffled(fast.flatMap((_, host) => rig.urlsOf(host)), random);
      const list = await listOf([...rig.urlsOf(fast.length), ...urls], directory);
      const begunMs = Date.now();
      await runProgram(start, list, directory, () => hasAll(rig, fast));
      times.push(lastFile((await rig.log()).filter(({ host }) => host < fast.length)) - begunMs);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
  const [alone = NaN, behind = NaN] = times;
  print(
    `polite: ${fast.length} fast hosts alone ${
      seconds(alone)
    }, behind ${SLOW_FILES} jobs of a host at 0.2/s ` +
      `${seconds(behind)}, ratio ${(behind / alone).toFixed(3)}`,
  );
}

async function hasAll(rig: NginxRig, hosts: readonly RigHost[]): Promise<boolean> {
  const got = files(await rig.log()).filter(({ host }) => host < hosts.length);
  return new Set(got.map(({ path }) => path)).size >= hosts.length * FILES_PER_HOST;
}

/** Imports the list and runs the queue, to its end or until `isOver`; the import is not what is measured. */
async function runProgram(
  [program, ...first]: Start,
  list: string,
  root: string,
  isOver?: () => Promise<boolean>,
): Promise<void> {
  const config = `${root}/config.json`;
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      queue: { path: `${root}/state/queue.sqlite` },
      network: { allow_private: ["127.0.0.0/8"] },
      storage: { out: `${root}/out` },
      telemetry: { log_level: "error" },
    }),
  );
  const global = ["--config", config, "--quiet"];
  const imported = await new Deno.Command(program, {
    args: [...first, "queue", "import", list, ...global],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!imported.success) throw new Error(`Cannot import: ${new TextDecoder().decode(imported.stderr)}`);
  const child = new Deno.Command(program, {
    args: [...first, "queue", "run", "--drain", ...global],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const watch = isOver && setInterval(async () => {
    if (!await isOver()) return;
    clearInterval(watch);
    child.kill("SIGTERM");
  }, 500);
  await child.status;
  clearInterval(watch);
}

async function listOf(urls: readonly string[], directory: string): Promise<string> {
  const list = `${directory}/list.txt`;
  await Deno.writeTextFile(list, urls.map((url) => `${url}\n`).join(""));
  return list;
}

function row(name: string, log: readonly LogLine[], begunMs: number, boundMs: number): string {
  const got = new Set(files(log).map(({ path }) => path)).size;
  const refused = log.filter(({ status }) => status === 429).length;
  const makespanMs = lastFile(log) - (log[0]?.atMs ?? begunMs);
  return "  " + [
    name.padEnd(16),
    `${got}`.padStart(8),
    seconds(makespanMs).padStart(11),
    (got === HOSTS * FILES_PER_HOST ? (makespanMs / boundMs).toFixed(3) : "-").padStart(11),
    `${log.length}`.padStart(11),
    `${(refused / log.length * 100).toFixed(2)} %`.padStart(9),
  ].join("");
}

function files(log: readonly LogLine[]): readonly LogLine[] {
  return log.filter(({ status, path }) => status === 200 && path.endsWith(".pdf"));
}

function lastFile(log: readonly LogLine[]): number {
  return files(log).reduce((last, { atMs }) => Math.max(last, atMs), 0);
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const keyed = items.map((item) => ({ item, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
