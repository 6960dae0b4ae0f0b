/**
 * Downloads against curl, and against a bare loop: the same files from the same server in one run.
 *
 * @module
 */

import { writePdf } from "../../fixtures/pdf.ts";

const FILES = 2_000;
const FILE_BYTES = 200_000;
const WORKERS = 32;

/** How the program is started. */
export type Start = readonly [command: string, ...args: string[]];

/** Times the program and `curl --parallel` on the same files, each as a whole process, in turn. */
export async function downloadBench(start: Start, print: (line: string) => void, rounds = 3): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "bench-download-" });
  try {
    await using server = await serve();
    const ofCurl: number[] = [], ofBare: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const curlMs = await timeCurl(directory, server.origin, round);
      const bareMs = await timeBareLoop(directory, server.origin, round);
      const ours = await timeProgram(start, directory, server.origin, round);
      ofCurl.push(curlMs / ours.runMs);
      ofBare.push(bareMs / ours.runMs);
      print(
        `  round ${round + 1}: curl ${seconds(curlMs)}, bare loop ${seconds(bareMs)}, program ` +
          `${seconds(ours.runMs)} (import ${seconds(ours.importMs)})`,
      );
    }
    print(
      `download: ${FILES} files of ${FILE_BYTES / 1000} kB, ${WORKERS} at once: ${
        median(ofCurl).toFixed(2)
      } of curl, ${median(ofBare).toFixed(2)} of a bare loop that hashes and syncs`,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function timeCurl(directory: string, origin: string, round: number): Promise<number> {
  const out = `${directory}/curl-${round}`;
  await Deno.mkdir(out);
  const config = `${out}.txt`;
  const lines = Array.from(
    { length: FILES },
    (_, n) => `url = "${origin}/${n}.pdf"\noutput = "${out}/${n}.pdf"\n`,
  );
  await Deno.writeTextFile(config, lines.join(""));
  return await timed(["curl", "-s", "--parallel", "--parallel-max", String(WORKERS), "-K", config], "curl");
}

async function timeBareLoop(directory: string, origin: string, round: number): Promise<number> {
  const out = `${directory}/bare-${round}`;
  await Deno.mkdir(out);
  const loop = new URL("./_bare_loop.ts", import.meta.url).pathname;
  const args = [loop, origin, out, String(FILES), String(WORKERS)];
  return await timed([Deno.execPath(), "run", "-A", "--no-check", ...args], "a bare loop");
}

async function timeProgram(
  start: Start,
  directory: string,
  origin: string,
  round: number,
): Promise<{ importMs: number; runMs: number }> {
  const root = `${directory}/run-${round}`;
  await Deno.mkdir(root);
  const config = `${root}/config.json`;
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      queue: { path: `${root}/state/queue.sqlite` },
      orchestrator: { max_workers: WORKERS, max_per_host: WORKERS },
      network: { allow_private: ["127.0.0.1"], robots: "ignore" },
      storage: { out: `${root}/out` },
    }),
  );
  const list = `${root}/list.txt`;
  await Deno.writeTextFile(list, Array.from({ length: FILES }, (_, n) => `${origin}/${n}.pdf\n`).join(""));
  const importMs = await timed([...start, "queue", "import", list, "--config", config, "--quiet"], "import");
  const runMs = await timed([...start, "queue", "run", "--drain", "--config", config, "--quiet"], "run");
  const { done } = JSON.parse(
    await read([...start, "queue", "stats", "--format", "json", "--config", config]),
  );
  if (done !== FILES) throw new Error(`Cannot compare: ${done} of ${FILES} files were fetched`);
  return { importMs, runMs };
}

async function timed(command: readonly string[], what: string): Promise<number> {
  const begun = performance.now();
  const [program = "", ...args] = command;
  const { code, stderr } = await new Deno.Command(program, { args, stdout: "null", stderr: "piped" })
    .output();
  if (code !== 0) {
    throw new Error(`Cannot time ${what}: it ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  }
  return performance.now() - begun;
}

async function read(command: readonly string[]): Promise<string> {
  const [program = "", ...args] = command;
  const { stdout } = await new Deno.Command(program, { args, stdout: "piped", stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}

/** A plain server in a process of its own, so that it takes the same share of the machine from both. */
async function serve(): Promise<AsyncDisposable & { readonly origin: string }> {
  const file = await Deno.makeTempFile({ suffix: ".pdf" });
  await Deno.writeFile(file, writePdf({ seed: "bench", bytes: FILE_BYTES }));
  const source = `
    const body = Deno.readFileSync(${JSON.stringify(file)});
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
      () => new Response(body, { headers: { "content-type": "application/pdf" } }));`;
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", source], stdout: "piped", stderr: "null" })
    .spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return {
    origin: `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await child.stdout.cancel();
      await Deno.remove(file);
    },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
