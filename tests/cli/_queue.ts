/**
 * A queue with one job of each kind, the same in each run.
 *
 * @module
 */

import type { ArtifactRecord } from "../../src/model/artifact.ts";
import { type LeasedJob, SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SeededRandom, VirtualClock } from "../../src/runtime/mod.ts";

/** Such as the pipeline leaves behind. */
const DONE: ArtifactRecord = {
  outcome: "done",
  reason: "ok",
  path: "doi/10.1234/done.pdf",
  sha256: "ab".repeat(32),
  bytes: 123_456,
  url: "https://example.org/done.pdf",
  finalUrl: "https://files.example.org/done.pdf",
  resolver: "unpaywall",
  version: "published",
  license: "cc-by",
  elapsedMs: 1234,
  tried: [{ url: "https://slow.example.org/", resolver: "crossref", reason: "timeout", status: null }],
};

const NOTHING: ArtifactRecord = {
  ...DONE,
  path: null,
  sha256: null,
  bytes: null,
  url: null,
  finalUrl: null,
  resolver: null,
  version: null,
  license: null,
  outcome: "skipped",
  reason: "no-open-copy",
  tried: [],
};

const candidate = (url: string, resolver: string) => ({
  url,
  resolver,
  kind: "pdf",
  version: "published",
  license: null,
});

const CURSOR = JSON.stringify({
  ids: { doi: "10.1234/held", pmcid: "PMC7" },
  asked: ["unpaywall", "landing_page https://example.org/landing"],
  failed: [{ resolver: "openalex", reason: "timeout", detail: "no answer within 30 s" }],
  candidates: [
    candidate("https://example.org/a.pdf", "unpaywall"),
    candidate("https://open.example.net/b.pdf", "crossref"),
    candidate("https://doi.example.net/c", "crossref"),
  ],
  tried: [{ candidate: candidate("https://gone.example.org/", "crossref"), reason: "http-4xx", status: 404 }],
  heard: { arxiv: { "0f": { answer: { status: 200, url: null, headers: {}, body: "<feed/>" } } } },
  resumeAt: {
    "https://doi.example.net/c": {
      url: "https://example.org/c.pdf",
      hops: ["https://doi.example.net/c"],
      isRenewed: false,
    },
  },
  limited: { "https://example.org/a.pdf": 2 },
});

/** Fills the database at `path`; gives the clock, which stands at the last instant. */
export async function fillQueue(path: string): Promise<VirtualClock> {
  const clock = new VirtualClock();
  const retry = { maxAttempts: 2, backoffMs: 60_000, jitterMs: 0 };
  using queue = new SqliteWorkQueue({ path, clock, random: new SeededRandom(1), retry });
  const leaseAs = async (name: string): Promise<LeasedJob> => {
    const job = { artifactId: `doi:10.1234/${name}`, metadata: null, priority: 0, route: `test:${name}` };
    await queue.enqueue([job], "papers");
    const [leased] = await queue.lease("worker-1", [{ route: job.route, count: 1 }], 600_000);
    if (!leased) throw new Error(`${name} was not leased`);
    await clock.advance(1000);
    return leased;
  };
  await queue.ack(await leaseAs("done"), DONE);
  await queue.ack(await leaseAs("skipped"), NOTHING);
  await queue.ack(await leaseAs("error"), { ...NOTHING, outcome: "error", reason: "login-wall" });
  await queue.hold(await leaseAs("held"), null, "host:example.org", CURSOR);
  await queue.failAndRetry(await leaseAs("retried"), {
    record: { ...NOTHING, outcome: "error", reason: "timeout" },
    message: "the host gave no answer within 30 s",
    cursor: null,
    route: "fresh:doi",
  });
  await queue.enqueue([{ artifactId: "doi:10.1234/queued", metadata: { title: "Q" }, priority: 3 }]);
  await leaseAs("running");
  const state = {
    coolUntil: clock.now() + 90_000,
    learned: { windows: [{ limit: 10, perMs: 1000 }], concurrency: 3 },
    buckets: { "10/s": { level: 1, at: 0 } },
    budget: { day: 1_699_920_000_000, used: 17 },
    seen: { requests: 120, limited: 2 },
    configured: { concurrency: 4, rates: ["20/s"], dailyBudget: 100 },
    operator: { concurrency: 2, windows: [{ limit: 1, perMs: 2000 }] },
  };
  await queue.exchange({
    workerId: "worker-1",
    leaseTtlMs: 600_000,
    settlements: [],
    heartbeat: false,
    plan: () => ({
      demand: [],
      groups: [
        { name: "host:example.org", state: JSON.stringify(state) },
        { name: "crossref", state: "{}" },
        { name: "broken", state: "not JSON" },
      ],
      inFlight: JSON.stringify({ "host:example.org": { inFlight: 2, pending: 0 } }),
    }),
  });
  return clock;
}
