/**
 * The work queue on SQLite.
 *
 * @module
 */

import { FatalError, InputError } from "../../model/errors.ts";
import type { ArtifactRecord } from "../../model/artifact.ts";
import type { Clock, Random } from "../../model/ports.ts";
import type { Reason } from "../../model/reason.ts";
import type { RetryPolicy } from "../backoff.ts";
import { LaneBook } from "../lane_book.ts";
import type {
  CheckReport,
  Demand,
  Enqueued,
  Exchange,
  Exchanged,
  ExchangeView,
  FinishedJob,
  GroupRow,
  HolderRow,
  JobDetails,
  JobState,
  JobSummary,
  Lease,
  LeasedJob,
  ListQuery,
  NewJob,
  QueueStats,
  Settled,
  Settlement,
  WorkQueue,
} from "../port.ts";
import { checkQueue, pruneQueue } from "./check.ts";
import { Connection } from "./connection.ts";
import { isDead, lockProcess, type ProcessLock } from "./process_lock.ts";
import { Reader } from "./reader.ts";
import { integer, text } from "./row.ts";
import * as sql from "./statements.ts";
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
  #lanes = new LaneBook();
  /** See {@linkcode WriteContext}. */
  readonly #bare = new Set<number>();
  /** The greatest write number that the mirror has seen; -1 before the first load. */
  #seenSeq = -1;
  #dataVersion = -1;
  #walStamp = "";
  /** Locks of the worker ids of this process, from their first exchange on. */
  readonly #locks = new Map<string, ProcessLock>();
  /** Worker ids whose row is written. */
  readonly #announced = new Set<string>();

  /**
   * Opens the file and brings its schema up to date.
   *
   * @throws {InputError} If the file is missing (with `create: false`), not ours, or of a newer schema.
   * @throws {FatalError} If it is damaged, locked or cannot be written.
   */
  constructor(options: SqliteWorkQueueOptions) {
    this.#connection = new Connection({ busyTimeoutMs: 10_000, ...options });
    this.#reader = new Reader(this.#connection);
    this.#clock = options.clock;
    this.#random = options.random;
    this.#retry = options.retry;
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
    const deadHolders = exchange.heartbeat || !this.#announced.has(workerId)
      ? await this.#findDead(workerId)
      : [];
    const exchanged = await this.#write(false, (write, now, foreign) => {
      for (const dead of deadHolders) write.bury(dead);
      const settled = exchange.settlements.map((settlement) => write.settle(settlement));
      const leaseUntil = Math.ceil(now + exchange.leaseTtlMs);
      // Before lapsed leases are taken back: after a suspend, those that nobody else took are still the worker's.
      const extended = exchange.heartbeat ? write.heartbeat(workerId, leaseUntil) : null;
      write.advance();
      const paused = this.#meta("paused") !== 0;
      const view: ExchangeView = {
        now,
        paused,
        foreignGroups: foreign.groups,
        foreignHolders: foreign.changed || exchange.heartbeat ? this.#otherHolders(workerId, now) : null,
        takeStirred: () => this.#lanes.takeStirred(),
        ready: (route) => this.#lanes.ready(route),
      };
      const plan = exchange.plan(view);
      const leased = paused
        ? []
        : plan.demand.flatMap(({ route, count }) =>
          count > 0 ? write.lease(route, count, workerId, leaseUntil) : []
        );
      for (const { name, state } of plan.groups) write.saveGroup(name, state);
      // Even one that has nothing to say needs a row: the others find its leases by it when it has died.
      if (plan.inFlight !== null || !this.#announced.has(workerId)) {
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
    this.#announced.add(workerId);
    return exchanged;
  }

  async leave(workerId: string): Promise<void> {
    await this.#write(false, (write) => {
      write.bury(workerId);
    });
    this.#locks.get(workerId)?.[Symbol.dispose]();
    this.#locks.delete(workerId);
    this.#announced.delete(workerId);
  }

  touched(): boolean {
    const before = this.#walStamp;
    this.#walStamp = this.#readWalStamp();
    return this.#walStamp !== before;
  }

  stats(): Promise<QueueStats> {
    return Promise.resolve(this.#connection.read(() => this.#reader.stats()));
  }

  async retryFailed(
    options: { readonly reason?: Reason; readonly maxAttempts?: number } = {},
  ): Promise<number> {
    let revived = 0;
    for (let afterId = 0;;) {
      // In pages, so that a run that works on the same file waits for a few milliseconds only.
      const last = await this.#write(true, (write) => {
        const rows = this.#connection.statement(sql.FAILED_JOBS).all(afterId);
        for (const row of rows) {
          const reason = text(row, "reason");
          if (options.reason !== undefined && reason !== options.reason) continue;
          if (options.maxAttempts !== undefined && integer(row, "attempts") >= options.maxAttempts) continue;
          write.revive(integer(row, "id"), text(row, "artifact_id"), integer(row, "lane"), reason);
          revived++;
        }
        const lastRow = rows.at(-1);
        return lastRow ? integer(lastRow, "id") : null;
      });
      if (last === null) return revived;
      afterId = last;
    }
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
    return Promise.resolve(this.#connection.read(() => this.#groupsSince(-1)));
  }

  async changeGroup(name: string, change: (row: string | null) => string): Promise<void> {
    await this.#write(true, (write) => {
      const row = this.#connection.statement(sql.GROUP).get(name);
      write.saveGroup(name, change(row ? text(row, "state") : null));
    });
  }

  holders(): Promise<readonly HolderRow[]> {
    return Promise.resolve(this.#connection.read(() => this.#otherHolders("", this.#clock.now())));
  }

  check(): Promise<CheckReport> {
    return Promise.resolve(this.#connection.snapshot(() => checkQueue(this.#connection)));
  }

  async prune(options: { readonly finishedBefore?: number } = {}): Promise<{ jobs: number; bytes: number }> {
    return await pruneQueue(this.#connection, options, (work) => this.#write(false, work));
  }

  /** Closes the file. Leases that are still held are taken back by whoever looks next. */
  [Symbol.dispose](): void {
    for (const lock of this.#locks.values()) lock[Symbol.dispose]();
    this.#locks.clear();
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
        const foreign = this.#catchUp(now);
        const write = new Write({
          connection: this.#connection,
          lanes: this.#lanes,
          retry: this.#retry,
          random: this.#random,
          now,
          bare: this.#bare,
        });
        const result = work(write, now, foreign);
        write.flush();
        this.#seenSeq = write.seq ?? this.#seenSeq;
        return result;
      });
    } catch (error) {
      this.#lanes = new LaneBook();
      this.#seenSeq = -1;
      this.#dataVersion = -1;
      throw error;
    }
  }

  /** Reads what other processes changed since the last write; one statement when nobody did. */
  #catchUp(now: number): Foreign {
    const version = integer(this.#connection.statement("PRAGMA data_version").get() ?? {}, "data_version");
    if (version === this.#dataVersion) return { changed: false, groups: [] };
    this.#dataVersion = version;
    const seen = this.#seenSeq;
    for (const row of this.#connection.statement(sql.CHANGED_LANES).all(seen)) {
      this.#lanes.put({
        id: integer(row, "id"),
        route: text(row, "route"),
        setId: integer(row, "set_id"),
        priority: integer(row, "priority"),
        ready: integer(row, "ready"),
      }, now);
    }
    const groups = this.#groupsSince(seen);
    this.#seenSeq = this.#meta("seq");
    return { changed: true, groups };
  }

  #groupsSince(seq: number): GroupRow[] {
    const rows = this.#connection.statement(sql.CHANGED_GROUPS).all(seq);
    return rows.map((row) => ({ name: text(row, "name"), state: text(row, "state") }));
  }

  #otherHolders(workerId: string, now: number): HolderRow[] {
    const rows = this.#connection.statement(sql.OTHER_HOLDERS).all(workerId, now);
    return rows.map((row) => ({ workerId: text(row, "worker_id"), inFlight: text(row, "in_flight") }));
  }

  #meta(key: string): number {
    return integer(this.#connection.statement(sql.META).get(key) ?? {}, "value");
  }

  /** Takes this process's lock at its first exchange, and finds holders whose process has died. */
  async #findDead(workerId: string): Promise<readonly string[]> {
    if (this.#connection.path === ":memory:") return [];
    const first = !this.#locks.has(workerId);
    if (first) this.#locks.set(workerId, lockProcess(this.#connection.path, workerId));
    const dead: string[] = [];
    for (const { workerId: other } of this.#connection.read(() => this.#otherHolders(workerId, -1))) {
      if (this.#locks.has(other)) continue;
      if (await isDead(this.#connection.path, other, this.#clock)) dead.push(other);
      else if (first && !this.#connection.safeForSeveralProcesses) {
        throw new FatalError(
          `Cannot share queue "${this.#connection.path}" with another process: SQLite ` +
            `${this.#connection.sqliteVersion} can lose commits then (fixed in 3.51.3); wait for the other to end`,
        );
      }
    }
    return dead;
  }

  /** Size and time of the write-ahead log: another process's commit changes them, and asking costs no statement. */
  #readWalStamp(): string {
    if (this.#connection.path === ":memory:") return "";
    try {
      const { size, mtime } = Deno.statSync(`${this.#connection.path}-wal`);
      return `${size} ${mtime?.getTime() ?? 0}`;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw new InputError(`Cannot watch queue "${this.#connection.path}"`, { cause: error });
    }
  }
}

interface Foreign {
  readonly changed: boolean;
  readonly groups: readonly GroupRow[];
}
