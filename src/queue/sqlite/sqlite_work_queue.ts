/**
 * The work queue on SQLite.
 *
 * @module
 */

import type { ArtifactRecord } from "../../model/artifact.ts";
import type { Clock, Random } from "../../model/ports.ts";
import type { Reason } from "../../model/reason.ts";
import type { RetryPolicy } from "../backoff.ts";
import type {
  Demand,
  Exchange,
  Exchanged,
  ExchangeView,
  GroupRow,
  HolderRow,
  Settled,
  Settlement,
} from "../exchange.ts";
import type { FinishedJob, JobDetails, JobState, JobSummary, Lease, LeasedJob, NewJob } from "../job.ts";
import type { CheckReport, Enqueued, ListQuery, PruneOptions, QueueStats, WorkQueue } from "../port.ts";
import { checkQueue, pruneQueue } from "./check.ts";
import { Connection } from "./connection.ts";
import { Holders } from "./holders.ts";
import { type Foreign, Mirror } from "./mirror.ts";
import { Reader } from "./reader.ts";
import { retryFailed } from "./retry_failed.ts";
import { text } from "./row.ts";
import * as sql from "./statements.ts";
import { WalWatch } from "./wal_watch.ts";
import { Write } from "./write.ts";

/** How a queue is opened. */
export interface SqliteWorkQueueOptions {
  /** Path of the database file; `:memory:` for tests and simulations. */
  readonly path: string;
  /** Tells when jobs fall due and leases lapse. */
  readonly clock: Clock;
  /** Spreads retries. */
  readonly random: Random;
  /** How often a failed job is tried again, and when. */
  readonly retry: RetryPolicy;
  /** How long a write may wait for another process's. @default 10_000 */
  readonly busyTimeoutMs?: number;
  /** Whether a missing file is made. @default true */
  readonly create?: boolean;
  /**
   * Whether writers of several processes stand in line. The line moves in real time, so simulations go without.
   *
   * @default true
   */
  readonly line?: boolean;
}

/** The set of jobs that were enqueued without one. */
const DEFAULT_SET = "default";

const NO_PLAN = { demand: [], groups: [], inFlight: null } as const;

/** A {@link WorkQueue} in one SQLite file. */
export class SqliteWorkQueue implements WorkQueue {
  readonly #connection: Connection;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #retry: RetryPolicy;
  readonly #mirror: Mirror;
  readonly #holders: Holders;
  /** See {@linkcode WriteContext}. */
  readonly #bare = new Set<number>();
  readonly #walWatch: WalWatch;

  /**
   * Opens the file and brings its schema up to date.
   *
   * @throws {InputError} If the file is missing (with `create: false`), not ours, or of a newer schema.
   * @throws {FatalError} If it is damaged, locked or cannot be written.
   */
  constructor(options: SqliteWorkQueueOptions) {
    this.#connection = new Connection({ busyTimeoutMs: 10_000, ...options });
    this.#reader = new Reader(this.#connection);
    this.#mirror = new Mirror(this.#connection);
    this.#holders = new Holders(this.#connection, options.clock);
    this.#walWatch = new WalWatch(this.#connection.path);
    this.#clock = options.clock;
    this.#random = options.random;
    this.#retry = options.retry;
  }

  /** The version of SQLite, where only one process may write to the file with it; otherwise `null`. */
  get unsafeSqlite(): string | null {
    return this.#connection.unsafeSqlite;
  }

  async enqueue(jobs: readonly NewJob[], set: string = DEFAULT_SET): Promise<Enqueued> {
    const added = await this.#write(true, (write) => write.enqueue(jobs, set));
    return { added, duplicates: jobs.length - added };
  }

  async lease(workerId: string, demand: readonly Demand[], ttlMs: number): Promise<readonly LeasedJob[]> {
    const plan = () => ({ ...NO_PLAN, demand });
    return (await this.exchange({ workerId, leaseTtlMs: ttlMs, settlements: [], heartbeat: false, plan }))
      .leased;
  }

  async heartbeat(workerId: string, ttlMs: number): Promise<readonly Lease[]> {
    return await this.#write(false, (write, now) => write.heartbeat(workerId, Math.ceil(now + ttlMs)));
  }

  async ack(lease: Lease, record: ArtifactRecord): Promise<"ok" | "lost"> {
    return await this.#settle({ type: "ack", lease, record }) === "lost" ? "lost" : "ok";
  }

  async failAndRetry(
    lease: Lease,
    failure: Omit<Extract<Settlement, { type: "retry" }>, "type" | "lease">,
  ): Promise<"retry" | "error" | "lost"> {
    const settled = await this.#settle({ type: "retry", lease, ...failure });
    return settled === "ok" ? "retry" : settled;
  }

  async hold(
    lease: Lease,
    until: number | null,
    route: string,
    cursor: string | null,
  ): Promise<"ok" | "lost"> {
    return await this.#settle({ type: "hold", lease, until, route, cursor }) === "lost" ? "lost" : "ok";
  }

  async release(leases: readonly LeasedJob[]): Promise<void> {
    await this.#write(false, (write) => {
      for (const lease of leases) {
        write.settle({ type: "release", lease, route: lease.route, cursor: lease.cursor });
      }
    });
  }

  async exchange(exchange: Exchange): Promise<Exchanged> {
    const { workerId } = exchange;
    const deadHolders = exchange.heartbeat || !this.#holders.isAnnounced(workerId)
      ? await this.#holders.findDead(workerId)
      : [];
    const exchanged = await this.#write(false, (write, now, foreign) => {
      for (const dead of deadHolders) write.bury(dead);
      const settled = exchange.settlements.map((settlement) => write.settle(settlement));
      const leaseUntil = Math.ceil(now + exchange.leaseTtlMs);
      // Before lapsed leases are taken back: after a suspend, those that nobody else took are still the worker's.
      const extended = exchange.heartbeat ? write.heartbeat(workerId, leaseUntil) : null;
      write.advance();
      const paused = this.#reader.paused();
      const view: ExchangeView = {
        now,
        paused,
        foreignGroups: foreign.groups,
        foreignHolders: foreign.changed || exchange.heartbeat ? this.#holders.others(workerId, now) : null,
        takeStirred: () => this.#mirror.lanes.takeStirred(),
        ready: (route) => this.#mirror.lanes.ready(route),
      };
      const plan = exchange.plan(view);
      const leased = paused
        ? []
        : plan.demand.flatMap(({ route, count }) =>
          count > 0 ? write.lease(route, count, workerId, leaseUntil) : []
        );
      for (const { name, state } of plan.groups) write.saveGroup(name, state);
      // Even one that has nothing to say needs a row: the others find its leases by it when it has died.
      if (plan.inFlight !== null || !this.#holders.isAnnounced(workerId)) {
        write.saveHolder(workerId, leaseUntil, plan.inFlight ?? "");
      }
      write.flush();
      const states = this.#reader.counts();
      return {
        settled,
        leased,
        held: extended && [...extended, ...leased.map(({ jobId, epoch }) => ({ jobId, epoch }))],
        unfinished: states.queued + states.in_progress,
        paused,
        nextDueAt: this.#reader.nextDueAt(),
      };
    });
    this.#holders.announced(workerId);
    return exchanged;
  }

  async leave(workerId: string): Promise<void> {
    await this.#write(false, (write) => {
      write.bury(workerId);
    });
    this.#holders.left(workerId);
  }

  touched(): boolean {
    return this.#walWatch.changed();
  }

  stats(): Promise<QueueStats> {
    return Promise.resolve(this.#connection.read(() => this.#reader.stats()));
  }

  async retryFailed(
    options: { readonly reason?: Reason; readonly maxAttempts?: number } = {},
  ): Promise<number> {
    return await retryFailed(this.#connection, options, (work) => this.#write(true, work));
  }

  async pause(): Promise<void> {
    await this.#write(true, () => void this.#connection.statement(sql.SET_META).run("paused", 1));
  }

  async resume(): Promise<void> {
    await this.#write(true, () => void this.#connection.statement(sql.SET_META).run("paused", 0));
  }

  list(query: ListQuery): Promise<readonly JobSummary[]> {
    return Promise.resolve(this.#connection.read(() => this.#reader.list(query)));
  }

  get(idOrArtifactId: number | string): Promise<JobDetails | null> {
    return Promise.resolve(this.#connection.read(() => this.#reader.get(idOrArtifactId)));
  }

  async *finished(state?: JobState): AsyncIterable<FinishedJob> {
    for (let afterId = 0;;) {
      const page = this.#connection.read(() => this.#reader.finishedPage(afterId, state));
      yield* page.jobs;
      if (page.lastId === null) return;
      afterId = page.lastId;
    }
  }

  record(jobId: number): Promise<FinishedJob | null> {
    return Promise.resolve(this.#connection.read(() => this.#reader.record(jobId)));
  }

  groups(): Promise<readonly GroupRow[]> {
    return Promise.resolve(this.#connection.read(() => this.#mirror.groupsSince(-1)));
  }

  async changeGroup(name: string, change: (row: string | null) => string): Promise<void> {
    await this.#write(true, (write) => {
      const row = this.#connection.statement(sql.GROUP).get(name);
      write.saveGroup(name, change(row ? text(row, "state") : null));
    });
  }

  holders(): Promise<readonly HolderRow[]> {
    return Promise.resolve(this.#connection.read(() => this.#holders.others("", this.#clock.now())));
  }

  check(): Promise<CheckReport> {
    return Promise.resolve(this.#connection.snapshot(() => checkQueue(this.#connection)));
  }

  async prune(options: PruneOptions = {}): Promise<{ jobs: number; bytes: number }> {
    const isBusy = (await this.holders()).length > 0;
    return await pruneQueue(
      this.#connection,
      this.#mirror,
      { ...options, isBusy },
      (work) => this.#write(false, work),
    );
  }

  /** Closes the file. Leases that are still held are taken back by whoever looks next. */
  [Symbol.dispose](): void {
    this.#holders[Symbol.dispose]();
    this.#connection[Symbol.dispose]();
  }

  async #settle(settlement: Settlement): Promise<Settled> {
    return await this.#write(false, (write) => write.settle(settlement));
  }

  /** Runs one write with the mirror of the lanes brought up to date first, and thrown away if it fails. */
  async #write<T>(durable: boolean, work: (write: Write, now: number, foreign: Foreign) => T): Promise<T> {
    try {
      return await this.#connection.write(durable, () => {
        // The columns are whole milliseconds; clocks may know fractions.
        const now = Math.floor(this.#clock.now());
        const foreign = this.#mirror.catchUp(now);
        const write = new Write({
          connection: this.#connection,
          lanes: this.#mirror.lanes,
          retry: this.#retry,
          random: this.#random,
          now,
          bare: this.#bare,
        });
        const result = work(write, now, foreign);
        write.flush();
        this.#mirror.wrote(write.seq);
        return result;
      });
    } catch (error) {
      this.#mirror.forget();
      throw error;
    }
  }
}
