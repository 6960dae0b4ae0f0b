/**
 * The orchestrator: leases jobs as limits and workers allow, keeps their leases alive, and stops without leaving any
 * behind.
 *
 * @module
 */

import { LeaseLostError } from "../model/errors.ts";
import type { Permit } from "../model/permit.ts";
import type { Clock, Logger, Meter } from "../model/ports.ts";
import type { GroupBook } from "../limits/mod.ts";
import type { Exchanged, Lease, LeasedJob, WorkQueue } from "../queue/mod.ts";
import { Dispatcher, type NeedsOf } from "./dispatcher.ts";
import type { ProcessJob } from "./job.ts";
import { Pump } from "./pump.ts";
import { type JobResult, runOne } from "./run_one.ts";

/** Options of {@linkcode Orchestrator}. */
export interface OrchestratorOptions {
  /** Where the jobs are. */
  readonly queue: WorkQueue;
  /** The limit groups; its `onNews` is to call {@linkcode Orchestrator.nudge}. */
  readonly book: GroupBook;
  /** What the first request of a job on a route needs. */
  readonly needsOf: NeedsOf;
  /** Does the work of one job. */
  readonly process: ProcessJob;
  /** The only source of time. */
  readonly clock: Clock;
  /** Told of stops, lost leases and unexpected failures. */
  readonly logger: Logger;
  /** Counts settlements and lost leases. */
  readonly meter: Meter;
  /** Names this process; never used by another one, nor again. */
  readonly workerId: string;
  /** Jobs that are worked on at once. */
  readonly maxWorkers: number;
  /** How long a lease lasts without a heartbeat. */
  readonly leaseTtlMs: number;
  /** How often all leases are extended; less than half of `leaseTtlMs`. */
  readonly heartbeatMs: number;
  /** Whether to end when nothing is left to do. */
  readonly drain: boolean;
  /** Told of each job that was settled. */
  readonly onSettled?: (job: LeasedJob, result: JobResult) => void;
  /** Told after each exchange with the database. */
  readonly onBeat?: (exchanged: Exchanged) => void;
}

/** How a run ended. */
export type RunEnd = "drained" | "stopped";

interface Running {
  readonly job: LeasedJob;
  readonly abort: AbortController;
  leaseUntil: number;
}

/** A lease that ends sooner than this is proven anew before anything is published. */
const PROOF_MARGIN_MS = 5_000;

/** When the lease of a job ended that is another's now. */
const LOST = -Infinity;

/**
 * Runs jobs. States: *new* → *running* → *stopping* (leases nothing, running jobs may end) → *aborting* (the deadline
 * has passed: their signals are aborted and they are given back) → *ended*. A failure of the database ends it from
 * any state. Invariant: in *ended* no row is leased to this worker, unless the database failed.
 */
export class Orchestrator {
  readonly #options: OrchestratorOptions;
  readonly #pump: Pump;
  readonly #running = new Map<number, Running>();
  readonly #ended = Promise.withResolvers<RunEnd>();
  readonly #stops = new Error("the program stops");
  #stopping = false;
  #drained = false;

  /** Makes an orchestrator that does nothing until {@linkcode Orchestrator.run}. */
  constructor(options: OrchestratorOptions) {
    this.#options = options;
    this.#pump = new Pump({
      ...options,
      dispatcher: new Dispatcher(options.book, options.needsOf),
      freeWorkers: () => this.#stopping ? 0 : options.maxWorkers - this.#running.size,
      onLeased: (job, permit) =>
        void (this.#stopping ? this.#giveBack(job, permit) : this.#work(job, permit)),
      onBeat: (exchanged, beganAt) => this.#onBeat(exchanged, beganAt),
      onFailure: (error) => this.#fail(error),
    });
  }

  /** Artifacts that are worked on now. */
  get running(): readonly LeasedJob[] {
    return [...this.#running.values()].map(({ job }) => job);
  }

  /** While nothing is worked on: the earliest instant at which something can be; `null` if nobody can say. */
  get nextWorkAt(): number | null {
    return this.#running.size > 0 ? null : this.#pump.nextWorkAt;
  }

  /**
   * Runs until the queue is drained, if so asked, or until `stop`.
   *
   * @throws {FatalError} If the database cannot be used any more.
   */
  async run(): Promise<RunEnd> {
    this.#pump.start();
    const end = await this.#ended.promise;
    await this.#pump.stop();
    await this.#options.queue.leave(this.#options.workerId);
    return end;
  }

  /** Something outside changed, such as a limit: look again. */
  nudge(): void {
    this.#pump.nudge();
  }

  /** Leases nothing more, lets running jobs end within `deadlineMs`, and gives the rest back. */
  stop(deadlineMs: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#options.logger.info("stopping", { running: this.#running.size, deadlineMs });
    const timer = this.#options.clock.setTimer(deadlineMs, () => {
      for (const { abort } of this.#running.values()) abort.abort(this.#stops);
    });
    void this.#ended.promise.finally(() => timer[Symbol.dispose]()).catch(() => {});
    this.#endIfIdle();
  }

  async #work(job: LeasedJob, permit: Permit | null): Promise<void> {
    const { logger, process } = this.#options;
    // Its lease lapsed here, as after a suspend, and it was leased anew: the work of then must publish nothing.
    this.#running.get(job.jobId)?.abort.abort(new LeaseLostError("the lease was lost"));
    const running: Running = { job, abort: new AbortController(), leaseUntil: job.leaseUntil };
    this.#running.set(job.jobId, running);
    try {
      const result = await runOne(job, permit, {
        process,
        logger,
        clock: this.#options.clock,
        permits: this.#pump,
        signal: running.abort.signal,
        confirm: () => this.#confirm(running),
        settle: (end) => {
          // The worker is free as soon as its job is: the beat that carries the settlement may lease the next.
          this.#forget(running);
          return this.#pump.settle({ ...end, lease: { jobId: job.jobId, epoch: job.epoch } });
        },
      });
      this.#options.meter.count("contentdownload.job.settled", 1, { type: result.end.type });
      this.#options.onSettled?.(job, result);
    } catch {
      // The pump reports why the database cannot be used; this job's row stays leased until its lease lapses.
    }
  }

  /** Gives a job back that was leased by a beat under way when the stop came. */
  async #giveBack(job: LeasedJob, permit: Permit | null): Promise<void> {
    permit?.[Symbol.dispose]();
    const { jobId, epoch, route, cursor } = job;
    try {
      await this.#pump.settle({ type: "release", lease: { jobId, epoch }, route, cursor });
    } catch {
      // The pump reports why the database cannot be used; the row stays leased until its lease lapses.
    }
  }

  #forget(running: Running): void {
    // By identity: the job may have been leased here again.
    if (this.#running.get(running.job.jobId) === running) this.#running.delete(running.job.jobId);
  }

  async #confirm(running: Running): Promise<boolean> {
    if (running.leaseUntil - this.#options.clock.now() < PROOF_MARGIN_MS) await this.#pump.heartbeat();
    const { signal } = running.abort;
    // What is whole when the stop's deadline passes is not thrown away, to be fetched again.
    const isOurs = !signal.aborted || signal.reason === this.#stops;
    return isOurs && running.leaseUntil > this.#options.clock.now();
  }

  #onBeat(exchanged: Exchanged, beganAt: number): void {
    if (exchanged.held) this.#onHeartbeat(exchanged.held, beganAt);
    this.#drained = this.#options.drain && exchanged.unfinished === 0;
    this.#options.onBeat?.(exchanged);
    this.#endIfIdle();
  }

  /** Aborts the jobs whose leases are gone; extends the others, from when the beat began: much time may have passed since. */
  #onHeartbeat(held: readonly Lease[], beganAt: number): void {
    const { leaseTtlMs, logger, meter } = this.#options;
    const epochs = new Map(held.map(({ jobId, epoch }) => [jobId, epoch]));
    for (const running of this.#running.values()) {
      if (epochs.get(running.job.jobId) === running.job.epoch) {
        running.leaseUntil = beganAt + leaseTtlMs;
        continue;
      }
      if (running.leaseUntil === LOST) continue;
      running.leaseUntil = LOST;
      meter.count("contentdownload.lease.lost");
      logger.warn("lease lost while working", { artifact: running.job.artifactId });
      running.abort.abort(new LeaseLostError("the lease was lost"));
    }
  }

  #endIfIdle(): void {
    if (this.#running.size > 0 || !(this.#stopping || this.#drained)) return;
    this.#ended.resolve(this.#stopping ? "stopped" : "drained");
  }

  #fail(error: unknown): void {
    for (const { abort } of this.#running.values()) abort.abort(error);
    this.#ended.reject(error);
  }
}
