/**
 * Works on a queue: the place where everything is put together.
 *
 * @module
 */

import { resolve } from "node:path";
import type { Config } from "../config/mod.ts";
import { emptyRecord } from "../model/artifact.ts";
import { FatalError, messageOf } from "../model/errors.ts";
import type { Closed } from "../model/permit.ts";
import type { Clock, Random } from "../model/ports.ts";
import { GroupBook } from "../limits/mod.ts";
import { type JobContext, type JobEnd, Orchestrator } from "../orchestrator/mod.ts";
import {
  createDownload,
  FileStore,
  type PipelineEnd,
  type PipelineJob,
  type PipelineOptions,
  processArtifact,
  StoreError,
} from "../pipeline/mod.ts";
import {
  freshRoute,
  type LeasedJob,
  type QueueStats,
  SqliteWorkQueue,
  type SqliteWorkQueueOptions,
} from "../queue/mod.ts";
import { SystemClock, SystemRandom } from "../runtime/mod.ts";
import { createLogger, createMeter } from "../telemetry/mod.ts";
import { type Groups, routeOf } from "./groups.ts";
import type { OpenGuestHost } from "../plugins/mod.ts";
import { openNetwork } from "./network.ts";
import { OneOffQueue } from "./one_off_queue.ts";
import { PartOwners } from "./part_owners.ts";
import { ProgressReporter } from "./progress_reporter.ts";
import type { EngineCommand, EngineEnd, EngineEvent, EngineStart } from "./protocol.ts";
import { warnOfOldSqlite, warnOfUnusable } from "./warnings.ts";

/** A queue that is being worked on. */
export interface QueueRun {
  /** Settles when the run has ended; rejects if it cannot go on. */
  readonly ended: Promise<{ readonly end: EngineEnd; readonly stats: QueueStats }>;
  /** Leases nothing more, lets running jobs end within `deadlineMs`, and gives the rest back. */
  stop(deadlineMs: number): void;
  /** Takes over the limits of a changed configuration. */
  reload(config: Config): void;
}

/** Begins to work on the queue. */
export function runQueue(
  start: EngineStart,
  command: Extract<EngineCommand, { type: "run" }>,
  openHost: OpenGuestHost,
  onEvent: (event: EngineEvent) => void,
): QueueRun {
  let config = start.config;
  let stopWith: number | null = null;
  let orchestrator: Orchestrator | null = null;
  let book: GroupBook | null = null;
  return {
    ended: work(),
    stop(deadlineMs) {
      stopWith = deadlineMs;
      orchestrator?.stop(deadlineMs);
    },
    reload(changed) {
      config = changed;
      book?.reconfigure();
    },
  };

  async function work(): Promise<{ end: EngineEnd; stats: QueueStats }> {
    const clock = new SystemClock();
    const random = new SystemRandom();
    const { log_level: level, log_format: format } = config.telemetry;
    const logger = createLogger({ level, format, clock });
    const meter = createMeter();
    using queue = openQueue(config, command.only !== undefined, clock, random);
    if (command.only) await queue.enqueue(command.only);
    await using network = await openNetwork(start, {
      clock,
      logger,
      meter,
      configNow: () => config,
      openHost,
    });
    const { groups } = network;
    warnOfUnusable(network.registry, logger);
    book = new GroupBook({ clock, limitsOf: groups.limitsOf, onNews: () => orchestrator?.nudge() });
    const outDir = resolve(config.storage.out);
    const store = new FileStore(outDir);
    const pipeline: PipelineOptions = {
      resolvers: network.resolvers,
      fetchFor: network.fetchFor,
      download: createDownload({ client: network.client, store, outDir, robots: network.robots }),
      store,
      clock,
      logger,
    };
    const failure = new AbortController();
    let sweeping: Promise<void> | null = null;
    const reporter = new ProgressReporter(clock, queue, onEvent);
    const workerId = newWorkerId(clock, random);
    const parts = new PartOwners(command.only ? null : config.queue.path, workerId);
    orchestrator = new Orchestrator({
      queue,
      book,
      needsOf: groups.needsOf,
      process: (job, context) => {
        // To look costs more than all else at the start of a job. The queue of a `get` knows nothing of earlier ones.
        const mayResume = command.only !== undefined || job.epoch > 1;
        return processJob(
          { ...job, owner: parts.ownerOf(job), mayResume },
          context,
          pipeline,
          groups,
          failure,
        );
      },
      clock,
      logger,
      meter,
      workerId,
      maxWorkers: config.orchestrator.max_workers,
      leaseTtlMs: config.orchestrator.lease_ttl_seconds * 1000,
      heartbeatMs: config.orchestrator.heartbeat_seconds * 1000,
      drain: command.drain,
      onBeat: () => {
        reporter.stir();
        // Not before the first exchange: only that takes back what processes had leased that are dead now.
        sweeping ??= begin();
      },
      onSettled: (job, { end, settled }) => onEvent(settledEvent(job, end, settled)),
    });
    async function begin(): Promise<void> {
      if (!command.only) warnOfOldSqlite(queue, logger);
      try {
        await parts.sweep(outDir, { queue, clock, logger });
      } catch (error) {
        failure.abort(new FatalError(messageOf(error), { cause: error }));
      }
    }
    failure.signal.addEventListener("abort", () => orchestrator?.stop(0));
    if (stopWith !== null) orchestrator.stop(stopWith);
    using _progress = reporter.start(orchestrator);
    const end = await orchestrator.run();
    await sweeping;
    if (failure.signal.aborted) throw failure.signal.reason;
    return { end, stats: await queue.stats() };
  }
}

/** Opens the queue that a configuration describes. */
function openQueue(config: Config, isOneOff: boolean, clock: Clock, random: Random): SqliteWorkQueue {
  const options: SqliteWorkQueueOptions = {
    path: resolve(config.queue.path),
    clock,
    random,
    busyTimeoutMs: config.queue.timeout_sec * 1000,
    retry: {
      maxAttempts: config.orchestrator.max_job_attempts,
      backoffMs: config.orchestrator.retry_backoff_seconds * 1000,
      jitterMs: config.orchestrator.jitter_seconds * 1000,
    },
  };
  return isOneOff ? new OneOffQueue(options) : new SqliteWorkQueue(options);
}

/** Runs the pipeline on a job, and says to the queue what it said to us. */
async function processJob(
  job: LeasedJob & PipelineJob,
  context: JobContext,
  pipeline: PipelineOptions,
  groups: Groups,
  failure: AbortController,
): Promise<JobEnd> {
  try {
    const end = await processArtifact(job, context, pipeline);
    return jobEndOf(job, end, groups);
  } catch (error) {
    if (error instanceof StoreError && error.kind !== "io" && !failure.signal.aborted) {
      // It would meet every other file too: the run ends with this one line, and nothing is lost.
      failure.abort(new FatalError(error.message, { cause: error }));
    }
    if (failure.signal.aborted) return { type: "release", route: job.route, cursor: job.cursor };
    if (!(error instanceof StoreError) || context.signal.aborted) throw error;
    pipeline.logger.error(error.message, { artifact: job.artifactId });
    return {
      type: "retry",
      record: emptyRecord("store-failed"),
      message: error.message,
      cursor: job.cursor,
      route: freshRoute(job.artifactId),
    };
  }
}

/** What the limit groups closed they open; what a refusal closed that they do not know of waits by itself. */
function untilOf({ needs, until }: Closed): number | null {
  return needs ? null : until;
}

function jobEndOf(job: LeasedJob, end: PipelineEnd, groups: Groups): JobEnd {
  switch (end.type) {
    case "finished":
      return { type: "ack", record: end.record };
    case "failed":
      return {
        type: "retry",
        record: end.record,
        message: end.message,
        cursor: end.cursor,
        route: end.nextUrl === null ? freshRoute(job.artifactId) : groups.groupOf(new URL(end.nextUrl)),
      };
    case "closed":
      return { type: "hold", route: routeOf(end.closed), until: untilOf(end.closed), cursor: end.cursor };
    case "interrupted":
      return { type: "release", route: job.route, cursor: end.cursor };
  }
}

function settledEvent(job: LeasedJob, end: JobEnd, settled: string): EngineEvent {
  const record = end.type === "ack" || (end.type === "retry" && settled === "error") ? end.record : null;
  return {
    type: "settled",
    artifactId: job.artifactId,
    outcome: settled === "lost" ? null : record?.outcome ?? null,
    reason: record?.reason ?? null,
    path: record?.path ?? null,
    bytes: record?.bytes ?? null,
    resolver: record?.resolver ?? null,
  };
}

/** A name that no other process ever has. */
function newWorkerId(clock: Clock, random: Random): string {
  const part = Math.floor(random.next() * 36 ** 8).toString(36).padStart(8, "0");
  return `${clock.now().toString(36)}-${part}`;
}
