import type { ArtifactRecord } from "../../src/model/artifact.ts";
import type { Closed, Permit } from "../../src/model/permit.ts";
import { type Reason, REASONS } from "../../src/model/reason.ts";
import type { JobContext, JobEnd } from "../../src/orchestrator/mod.ts";
import type { LeasedJob, NewJob } from "../../src/queue/mod.ts";
import type { Incarnation } from "./_incarnation.ts";
import { routeOf } from "../../src/engine/groups.ts";
import { RESOLVERS, type World } from "./_plan.ts";
import type { SharedWorld } from "./_world.ts";

/** A share of the files needs leave of its host and of a resolver, as pages do that only a plugin may open. */
const JOINT = 0.1;

/** A job of the simulation, waiting for what it needs first. */
export function simulatedJob(n: number, world: World): NewJob {
  const route = world.isFresh(n) ? "fresh:doi" : world.hostOf(n);
  return { artifactId: `doi:10.1/${n}`, metadata: null, priority: n % 5 === 0 ? 1 : 0, route };
}

/** The number of a job, by its artifact id. */
export function jobNumber(artifactId: string): number {
  return Number(artifactId.slice("doi:10.1/".length));
}

interface Simulated extends SharedWorld {
  readonly process: Incarnation;
}

/** Does what the pipeline does, without files: asks a resolver if need be, then the host, and publishes. */
export async function processSimulated(
  job: LeasedJob,
  context: JobContext,
  shared: Simulated,
): Promise<JobEnd> {
  const n = jobNumber(job.artifactId);
  const { world } = shared;
  let cursor = job.cursor;
  if (world.isFresh(n) && cursor === null) {
    let closed: Closed | null = null;
    for (const resolver of RESOLVERS) {
      const answer = await ask([resolver], job, context, shared);
      if (answer.type === "closed") closed = closed && closed.until <= answer.until ? closed : answer;
      else if (answer.status === 200) cursor = "resolved";
      else if (answer.status !== 404) return retry(job, null, answer.status);
      if (cursor !== null) break;
    }
    if (cursor === null && closed) return { type: "hold", route: routeOf(closed), until: null, cursor };
    if (cursor === null) return { type: "ack", record: record("no-open-copy") };
  }
  const host = world.hostOf(n);
  const groups = n % 1000 < JOINT * 1000 && world.isFresh(n) ? [RESOLVERS[0], host] : [host];
  const answer = await ask(groups, job, context, shared);
  if (answer.type === "closed") return { type: "hold", route: routeOf(answer), until: null, cursor };
  if (answer.status === 404) return { type: "ack", record: record("http-4xx") };
  if (answer.status !== 200) return retry(job, cursor, answer.status);
  if (!await context.confirm()) return { type: "release", route: job.route, cursor };
  if (!shared.holds(job)) {
    shared.judge.breach(
      shared.clock.now(),
      `job ${n} was published by ${shared.process.workerId} without its lease`,
    );
  }
  return { type: "ack", record: record("ok") };
}

/** One request; a refusal by rate counts as closed. */
async function ask(
  groups: readonly string[],
  job: LeasedJob,
  context: JobContext,
  shared: Simulated,
): Promise<Closed | { readonly type: "answered"; readonly status: number }> {
  const { web, world, judge, clock, process } = shared;
  const granted = await context.permits.acquire(groups);
  if (granted.type === "closed") return granted;
  using permit: Permit = granted;
  context.signal.throwIfAborted();
  // The request goes to the last group's server; the others are leave that it needs besides.
  const server = world.servers.get(groups.at(-1) ?? "");
  if (!server) throw new Error(`Cannot ask: there is no server "${groups}"`);
  permit.depart();
  const flight = judge.start(clock.now(), server);
  process.fly(flight);
  try {
    const { feedback, until } = await web.request(server, process.clock, jobNumber(job.artifactId));
    permit.report(feedback);
    if (until > 0) process.hear(server.name, until);
    context.signal.throwIfAborted();
    if (feedback.type === "failed") return { type: "answered", status: 0 };
    if (feedback.status !== 429) return { type: "answered", status: feedback.status };
  } finally {
    process.land(flight);
  }
  judge.refusals++;
  permit[Symbol.dispose]();
  const again = await context.permits.acquire(groups);
  if (again.type === "closed") return again;
  again[Symbol.dispose]();
  return { type: "closed", group: groups.at(-1) ?? "", until: 0, why: "rate" };
}

function retry(job: LeasedJob, cursor: string | null, status: number): JobEnd {
  const reason = status === 0 ? "timeout" : "http-5xx";
  return { type: "retry", record: record(reason), message: `status ${status}`, cursor, route: job.route };
}

function record(reason: Reason): ArtifactRecord {
  const none = { path: null, sha256: null, bytes: null, url: null, finalUrl: null, resolver: null };
  return {
    outcome: REASONS[reason].outcome,
    reason,
    ...none,
    version: null,
    license: null,
    elapsedMs: 0,
    tried: [],
  };
}
