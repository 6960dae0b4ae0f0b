import assert from "node:assert/strict";
import type { EngineEvent } from "../../src/engine/mod.ts";
import { runQueue } from "../../src/engine/run_queue.ts";
import { openGuestHost } from "../../src/plugins/sandbox/guest_host.ts";
import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";
import { serve } from "../http/_web.ts";
import { makePdf } from "../pipeline/_pdf.ts";
import { always } from "../queue/_jobs.ts";
import { configOf } from "./_configured.ts";

type Settled = Extract<EngineEvent, { type: "settled" }>;

/** What comes of a `get` of one URL, in a directory of its own. */
async function get(url: string) {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/queue.sqlite`;
    const { orchestrator, ...rest } = await configOf({
      network: { allow_private: ["127.0.0.0/8"], robots: "ignore" },
      orchestrator: { max_job_attempts: 2, jitter_seconds: 0 },
      telemetry: { log_level: "error" },
      queue: { path },
      storage: { out: `${directory}/out` },
    });
    // Shorter than an operator may have it.
    const config = { ...rest, orchestrator: { ...orchestrator, retry_backoff_seconds: 0.001 } };
    const only = [{ artifactId: `url:${url}`, metadata: null, priority: 0 }];
    const command = { type: "run", drain: true, only } as const;
    const settled: Settled[] = [];
    const run = runQueue(
      { command, config, plugins: [], environment: {} },
      command,
      openGuestHost,
      (event) => {
        if (event.type === "settled") settled.push(event);
      },
    );
    const { end, stats } = await run.ended;
    const retry = { maxAttempts: 1, backoffMs: 0, jitterMs: 0 };
    using queue = new SqliteWorkQueue({ path, clock: new SystemClock(), random: always(0.5), retry });
    return { end, states: stats.states, settled, kept: (await queue.stats()).total };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
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
