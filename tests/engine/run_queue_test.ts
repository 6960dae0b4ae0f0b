import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { EngineEvent } from "../../src/engine/mod.ts";
import { FatalError } from "../../src/model/errors.ts";
import { filePathOf } from "../../src/pipeline/file_name.ts";
import { runQueue } from "../../src/engine/run_queue.ts";
import { openGuestHost } from "../../src/plugins/sandbox/guest_host.ts";
import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";
import { serve } from "../http/_web.ts";
import { makePdf } from "../pipeline/_pdf.ts";
import { always } from "../queue/_jobs.ts";
import { configOf } from "./_configured.ts";

type Settled = Extract<EngineEvent, { type: "settled" }>;

interface Options {
  /** Whether the jobs are of a `get`, whose queue is in memory. */
  readonly oneOff: boolean;
  /** Makes the output directory what it is before the run. */
  readonly arrange?: (out: string) => void;
  /** For how long a run waits for a database that another process has locked, as it has then. */
  readonly lockedMs?: number;
}

/** What comes of URLs, in a directory of their own. */
async function run(urls: readonly string[], { oneOff, arrange, lockedMs }: Options) {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/queue.sqlite`, out = `${directory}/out`;
    arrange?.(out);
    const { orchestrator, queue: { timeout_sec, ...queueRest }, ...rest } = await configOf({
      network: { allow_private: ["127.0.0.0/8"], robots: "ignore" },
      orchestrator: { max_job_attempts: 2, jitter_seconds: 0 },
      telemetry: { log_level: "error" },
      queue: { path },
      storage: { out },
    });
    // Shorter than an operator may have it.
    const config = {
      ...rest,
      queue: { ...queueRest, timeout_sec: lockedMs === undefined ? timeout_sec : lockedMs / 1000 },
      orchestrator: { ...orchestrator, retry_backoff_seconds: 0.001 },
    };
    const jobs = urls.map((url) => ({ artifactId: `url:${url}`, metadata: null, priority: 0 }));
    const retry = { maxAttempts: 1, backoffMs: 0, jitterMs: 0 };
    using queue = new SqliteWorkQueue({ path, clock: new SystemClock(), random: always(0.5), retry });
    if (!oneOff) await queue.enqueue(jobs);
    using locking = new DatabaseSync(path);
    if (lockedMs !== undefined) locking.exec("BEGIN IMMEDIATE");
    const command = { type: "run", drain: true, ...(oneOff && { only: jobs }) } as const;
    const settled: Settled[] = [];
    const { ended } = runQueue(
      { command, config, plugins: [], environment: {} },
      command,
      openGuestHost,
      (event) => {
        if (event.type === "settled") settled.push(event);
      },
    );
    const [end] = await Promise.allSettled([ended]);
    if (lockedMs !== undefined) locking.exec("ROLLBACK");
    const left = await queue.list({ state: "queued", limit: urls.length });
    const attempts = left.map(({ attempts }) => attempts);
    return { end, settled, attempts, kept: await queue.stats() };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** What comes of a `get` of one URL. */
async function get(url: string) {
  const { end, settled, kept } = await run([url], { oneOff: true });
  assert(end.status === "fulfilled", String(end));
  return { end: end.value.end, states: end.value.stats.states, settled, kept: kept.total };
}

Deno.test("runQueue() tells what a job came to, and of one that is tried again nothing yet", async () => {
  await using server = serve(() => new Response("out of order", { status: 500 }));
  const url = `${server.url}/a.pdf`;
  const { end, states, settled, kept } = await get(url);
  assert.deepEqual([end, states.error, kept], ["drained", 1, 0]);
  const told = settled.map(({ artifactId, outcome, reason, path }) => [artifactId, outcome, reason, path]);
  assert.deepEqual(told, [[`url:${url}`, null, null, null], [`url:${url}`, "error", "http-5xx", null]]);
});

Deno.test("runQueue() tells where the file of a job is", async () => {
  const pdf = makePdf();
  await using server = serve(() => new Response(new Uint8Array(pdf)));
  const { states, settled: [event, ...more] } = await get(`${server.url}/a.pdf`);
  assert.deepEqual([states.done, more], [1, []]);
  assert.deepEqual([event?.outcome, event?.reason, event?.bytes], ["done", "ok", pdf.length]);
  assert.match(event?.path ?? "", /\.pdf$/);
});

Deno.test("runQueue() ends when it meets what every other file would meet, and gives all jobs back", async () => {
  await using server = serve(() => new Response(new Uint8Array(makePdf())));
  const urls = Array.from({ length: 3 }, (_, n) => `${server.url}/${n}.pdf`);
  const { end, settled, attempts, kept } = await run(urls, {
    oneOff: false,
    arrange(out) {
      Deno.mkdirSync(out);
      Deno.symlinkSync("/nowhere", `${out}/.part`);
    },
  });
  assert(end.status === "rejected");
  assert(end.reason instanceof FatalError, String(end.reason));
  assert.match(end.reason.message, /^Cannot store below ".*\.part": it is a symbolic link/);
  assert.equal(kept.states.in_progress, 0);
  assert.deepEqual(attempts, [0, 0, 0]);
  assert.deepEqual(settled.filter(({ outcome }) => outcome !== null), []);
});

Deno.test("runQueue() goes on when it meets what concerns one file", async () => {
  await using server = serve(() => new Response(new Uint8Array(makePdf())));
  const [bad, good] = [`${server.url}/bad.pdf`, `${server.url}/good.pdf`];
  const { end, settled, kept } = await run([bad, good], {
    oneOff: false,
    arrange: (out) => Deno.mkdirSync(`${out}/${filePathOf(`url:${bad}`)}`, { recursive: true }),
  });
  assert.equal(end.status, "fulfilled");
  assert.deepEqual([kept.states.done, kept.states.error, kept.reasons["store-failed"]], [1, 1, 1]);
  const last = settled.filter(({ outcome }) => outcome !== null).map((
    { artifactId, reason },
  ) => [artifactId, reason]);
  assert.deepEqual(last.sort(), [[`url:${bad}`, "store-failed"], [`url:${good}`, "ok"]]);
});

Deno.test("runQueue() waits for a locked database as long as it is told to", async () => {
  const { end, attempts } = await run(["http://127.0.0.1/a.pdf"], { oneOff: false, lockedMs: 20 });
  assert(end.status === "rejected");
  assert.match(String(end.reason), /^FatalError: .* another process has kept it locked for 20 ms$/);
  assert.deepEqual(attempts, [0]);
});
