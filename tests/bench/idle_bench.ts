/**
 * What a run costs while nothing is to be done, and how soon it takes up what another process enqueues.
 *
 * @module
 */

import { StatementSync } from "node:sqlite";
import { writePdf } from "../../fixtures/pdf.ts";
import type { Start } from "./download_bench.ts";
import { idleOrchestrator } from "./_orchestrator.ts";
import { openQueue } from "./_queue.ts";

const IDLE_S = 20;
const ENQUEUES = 10;
/** Ticks a second of /proc's times on Linux. */
const TICKS = 100;

/** Prints what was measured. */
export async function idleBench(start: Start, print: (line: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "bench-idle-" });
  try {
    print(`  ${(await idleStatements(`${directory}/statements.sqlite`)).toFixed(2)} statements a second`);
    await idleProgram(start, directory, print);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Statements a second that the orchestrator makes on an empty queue. */
async function idleStatements(path: string): Promise<number> {
  using queue = openQueue(path);
  const orchestrator = idleOrchestrator(queue, { maxWorkers: 8, drain: false });
  const ended = orchestrator.run();
  await sleep(1_000);
  const counted = countStatements();
  await sleep(IDLE_S * 1_000);
  const perSecond = counted.count() / IDLE_S;
  counted.stop();
  orchestrator.stop(0);
  await ended;
  return perSecond;
}

/** Counts the statements of this process. */
function countStatements(): { count(): number; stop(): void } {
  let count = 0;
  const { run, get, all } = StatementSync.prototype;
  const counting = <T extends CallableFunction>(method: T): T =>
    new Proxy(method, {
      apply(target, statement, parameters) {
        count++;
        return Reflect.apply(target, statement, parameters);
      },
    });
  Object.assign(StatementSync.prototype, { run: counting(run), get: counting(get), all: counting(all) });
  return {
    count: () => count,
    stop: () => void Object.assign(StatementSync.prototype, { run, get, all }),
  };
}

/** The whole program: its share of a core, then the time from an enqueue's end to the first request for its job. */
async function idleProgram(
  [program, ...first]: Start,
  directory: string,
  print: (line: string) => void,
): Promise<void> {
  await using web = serve();
  const config = `${directory}/config.json`;
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      queue: { path: `${directory}/state/queue.sqlite` },
      network: { allow_private: ["127.0.0.0/8"] },
      storage: { out: `${directory}/out` },
    }),
  );
  const command = (...args: string[]) =>
    new Deno.Command(program, {
      args: [...first, ...args, "--config", config, "--quiet"],
      stdout: "null",
      stderr: "null",
    });
  await command("queue", "enqueue", web.urlOf(1)).output();
  const child = command("queue", "run").spawn();
  await web.asked(1);
  await sleep(3_000);
  const ticks = cpuTicks(child.pid);
  await sleep(IDLE_S * 1_000);
  const share = (cpuTicks(child.pid) - ticks) / TICKS / IDLE_S;
  print(`  ${(share * 100).toFixed(2)} % of a core`);
  const delays: number[] = [];
  for (let host = 2; host < 2 + ENQUEUES; host++) {
    await command("queue", "enqueue", web.urlOf(host)).output();
    const enqueuedAt = performance.now();
    delays.push(Math.max(0, await web.asked(host) - enqueuedAt));
  }
  delays.sort((a, b) => a - b);
  print(
    `  a job that another process enqueued starts after ${delays[ENQUEUES >> 1]?.toFixed(0)} ms (median of ` +
      `${ENQUEUES}; longest ${delays.at(-1)?.toFixed(0)} ms)`,
  );
  child.kill("SIGTERM");
  await child.status;
}

/** Processor time of all threads of a process. */
function cpuTicks(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** A host at each address of the loopback network, so that none has been asked before. */
function serve(): AsyncDisposable & { urlOf(host: number): string; asked(host: number): Promise<number> } {
  const body = writePdf({ seed: "idle", bytes: 4_000 });
  const waiting = new Map<string, PromiseWithResolvers<number>>();
  const of = (address: string) => {
    let asked = waiting.get(address);
    if (!asked) waiting.set(address, asked = Promise.withResolvers());
    return asked;
  };
  const server = Deno.serve({ hostname: "0.0.0.0", port: 0, onListen() {} }, (request) => {
    const { hostname, pathname } = new URL(request.url);
    of(hostname).resolve(performance.now());
    return pathname === "/robots.txt" ? new Response("", { status: 404 }) : new Response(body);
  });
  const addressOf = (host: number) => `127.0.1.${host}`;
  return {
    urlOf: (host) => `http://${addressOf(host)}:${server.addr.port}/file.pdf`,
    asked: (host) => of(addressOf(host)).promise,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
