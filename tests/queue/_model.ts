/**
 * The queue as a few maps: what the real one is held against.
 *
 * @module
 */

import type { JobState, Lease, RetryPolicy, Settlement } from "../../src/queue/mod.ts";

/** A job of the model. */
export interface ModelJob {
  /** 0 until the real queue has given it one. */
  id: number;
  readonly artifactId: string;
  state: JobState;
  attempts: number;
  epoch: number;
  holder: string | null;
  leaseUntil: number;
  route: string;
  dueAt: number;
  cursor: string | null;
}

/** The state of every job and the rules by which it changes. */
export class QueueModel {
  readonly jobs: ModelJob[] = [];
  readonly #retry: RetryPolicy;
  paused = false;

  /** Jitter of the policy must be 0. */
  constructor(retry: RetryPolicy) {
    this.#retry = retry;
  }

  /** Adds what is new; gives how many. */
  enqueue(artifactIds: readonly string[], route: string): number {
    const before = this.jobs.length;
    for (const artifactId of artifactIds) {
      if (this.jobs.some((job) => job.artifactId === artifactId)) continue;
      this.jobs.push({
        id: 0,
        artifactId,
        state: "queued",
        attempts: 0,
        epoch: 0,
        holder: null,
        leaseUntil: 0,
        route,
        dueAt: 0,
        cursor: null,
      });
    }
    return this.jobs.length - before;
  }

  /** Every write but these of single settlements takes lapsed leases back and lets due jobs be ready. */
  advance(now: number): void {
    for (const job of this.jobs) {
      if (job.state === "in_progress" && job.leaseUntil <= now) this.#requeue(job, job.route, 0);
      if (job.state === "queued" && job.dueAt <= now) job.dueAt = 0;
    }
  }

  /** Jobs that can be leased from a route. */
  ready(route: string): ModelJob[] {
    return this.jobs.filter((job) => job.state === "queued" && job.dueAt === 0 && job.route === route);
  }

  /** Gives the oldest jobs of a route to a worker. */
  lease(workerId: string, route: string, count: number, leaseUntil: number): ModelJob[] {
    if (this.paused) return [];
    const leased = this.ready(route).slice(0, count);
    for (const job of leased) {
      Object.assign(job, { state: "in_progress", holder: workerId, leaseUntil, epoch: job.epoch + 1 });
    }
    return leased;
  }

  /** What a settlement comes to. */
  settle(settlement: Settlement, now: number): string {
    const job = this.#held(settlement.lease);
    if (!job) return "lost";
    switch (settlement.type) {
      case "ack":
        this.#finish(job, settlement.record.outcome);
        return "ok";
      case "hold":
      case "release":
        this.#requeue(job, settlement.route, settlement.type === "hold" ? settlement.until ?? 0 : 0);
        job.cursor = settlement.cursor;
        break;
      case "retry":
        if (job.attempts + 1 >= this.#retry.maxAttempts) {
          this.#finish(job, settlement.record.outcome);
          return "error";
        }
        job.attempts++;
        this.#requeue(job, settlement.route, now + this.#retry.backoffMs * 2 ** (job.attempts - 1));
        job.cursor = settlement.cursor;
    }
    if (job.dueAt <= now) job.dueAt = 0;
    return settlement.type === "retry" ? "retry" : "ok";
  }

  /** Extends a worker's leases; gives those that it holds. */
  heartbeat(workerId: string, leaseUntil: number): Lease[] {
    const held = this.jobs.filter((job) => job.state === "in_progress" && job.holder === workerId);
    for (const job of held) job.leaseUntil = leaseUntil;
    return held.map(({ id, epoch }) => ({ jobId: id, epoch }));
  }

  /** Queues failed jobs anew; gives how many. */
  retryFailed(freshRoute: string): number {
    const failed = this.jobs.filter((job) => job.state === "error");
    for (const job of failed) {
      this.#requeue(job, freshRoute, 0);
      Object.assign(job, { attempts: 0, cursor: null });
    }
    return failed.length;
  }

  /** Jobs by state. */
  counts(): Record<JobState, number> {
    const counts = { queued: 0, in_progress: 0, done: 0, skipped: 0, error: 0 };
    for (const job of this.jobs) counts[job.state]++;
    return counts;
  }

  #held({ jobId, epoch }: Lease): ModelJob | undefined {
    return this.jobs.find((job) => job.id === jobId && job.state === "in_progress" && job.epoch === epoch);
  }

  #finish(job: ModelJob, outcome: "done" | "skipped" | "error"): void {
    Object.assign(job, {
      state: outcome,
      attempts: job.attempts + 1,
      holder: null,
      leaseUntil: 0,
      cursor: null,
    });
  }

  #requeue(job: ModelJob, route: string, dueAt: number): void {
    Object.assign(job, { state: "queued", holder: null, leaseUntil: 0, route, dueAt });
  }
}
