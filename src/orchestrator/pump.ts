/**
 * The one pump between memory and the database.
 *
 * Everything that jobs have to say (settlements) or want (permits) gathers here, and one transaction carries it all,
 * with the next claims and the heartbeat. A pump is *idle*, *due* (a beat is scheduled) or *beating* (a transaction
 * is under way); whatever arrives during a beat is carried by the next one.
 *
 * @module
 */

import { LockedError } from "../model/errors.ts";
import type { Closed, Permit, PermitSource } from "../model/permit.ts";
import type { Clock, Logger } from "../model/ports.ts";
import type { GroupBook } from "../limits/mod.ts";
import type {
  Exchanged,
  ExchangeView,
  LeasedJob,
  Plan,
  Settled,
  Settlement,
  WorkQueue,
} from "../queue/mod.ts";
import type { Dispatch, Dispatcher } from "./dispatcher.ts";

/** Time between two beats while there is work: what arrives meanwhile shares a commit. */
const BEAT_GAP_MS = 4;

/**
 * How soon a job that another process enqueued is seen. It costs a look at the size of the log file, no statement; ten looks a
 * second cost half a percent of a core.
 */
const WATCH_MS = 160;

/** Options of {@linkcode Pump}. */
export interface PumpOptions {
  /** The database. */
  readonly queue: WorkQueue;
  /** The limit groups that permits are granted from. */
  readonly book: GroupBook;
  /** Decides what to lease. */
  readonly dispatcher: Dispatcher;
  /** Times beats, heartbeats and looks at other processes' writes. */
  readonly clock: Clock;
  /** Told when the database is locked for long. */
  readonly logger: Logger;
  /** Whose leases these are. */
  readonly workerId: string;
  /** How long a lease lasts without a heartbeat. */
  readonly leaseTtlMs: number;
  /** How often a beat extends all leases; the first one does. */
  readonly heartbeatMs: number;
  /** Workers that are free now. */
  readonly freeWorkers: () => number;
  /** Takes over jobs that were leased. */
  readonly onLeased: (job: LeasedJob, permit: Permit | null) => void;
  /** Told after each beat, and when it began: the leases that it extended are no older. */
  readonly onBeat: (exchanged: Exchanged, beganAt: number) => void;
  /** Told when the database cannot be used; the pump is stopped then. */
  readonly onFailure: (error: unknown) => void;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Carries settlements, permits and claims. */
export class Pump implements PermitSource {
  readonly #options: PumpOptions;
  #settlements: Waiting<Settlement, Settled>[] = [];
  #wanted: Waiting<readonly string[], Permit | Closed>[] = [];
  #beat: Disposable | null = null;
  #beatAt = Infinity;
  #beating = false;
  #again = false;
  #lastBeatAt = -Infinity;
  #heartbeatAt = -Infinity;
  #watch: Disposable | null = null;
  #running = false;
  #failed: unknown = null;
  #nextWorkAt: number | null = null;

  /** Makes a pump that stands still until {@linkcode Pump.start}. */
  constructor(options: PumpOptions) {
    this.#options = options;
  }

  /** The earliest instant at which a job that waits can go on; `null` if none does, or nobody can say. */
  get nextWorkAt(): number | null {
    return this.#nextWorkAt;
  }

  /** Begins to beat. */
  start(): void {
    this.#running = true;
    this.#watchOthers();
    this.nudge();
  }

  /** Ceases to beat; what waits is carried by a last beat before. */
  async stop(): Promise<void> {
    while (this.#beating || this.#settlements.length > 0) {
      await new Promise<void>((resolve) => this.#options.clock.setTimer(1, resolve));
    }
    this.#running = false;
    this.#beat?.[Symbol.dispose]();
    this.#watch?.[Symbol.dispose]();
    this.#failed ??= new Error("Cannot reach the queue: the pump has stopped");
    for (const { reject } of this.#wanted.splice(0)) reject(this.#failed);
  }

  /** Carries a settlement with the next beat. */
  settle(settlement: Settlement): Promise<Settled> {
    return this.#enter(this.#settlements, settlement);
  }

  /** Asks for a permit; answered by the next beat. */
  acquire(groups: readonly string[]): Promise<Permit | Closed> {
    return this.#enter(this.#wanted, groups);
  }

  /** Makes the next beat extend all leases, and waits for it. */
  async heartbeat(): Promise<void> {
    this.#heartbeatAt = -Infinity;
    // An acquire of nothing is answered by the beat that follows, and charges nobody.
    await this.acquire([]);
  }

  /** Something changed: beat soon. */
  nudge(): void {
    this.#schedule(Math.max(this.#options.clock.now(), this.#lastBeatAt + BEAT_GAP_MS));
  }

  #enter<T, R>(line: Waiting<T, R>[], item: T): Promise<R> {
    if (this.#failed !== null) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      line.push({ item, resolve, reject });
      this.nudge();
    });
  }

  #schedule(at: number): void {
    if (!this.#running) return;
    if (this.#beating) {
      this.#again = true;
      return;
    }
    if (this.#beatAt <= at) return;
    this.#beat?.[Symbol.dispose]();
    this.#beatAt = at;
    this.#beat = this.#options.clock.setTimer(at - this.#options.clock.now(), () => this.#run());
  }

  async #run(): Promise<void> {
    const { queue, clock, workerId, leaseTtlMs } = this.#options;
    this.#beatAt = Infinity;
    this.#beating = true;
    this.#again = false;
    const settlements = this.#settlements.splice(0);
    const wanted = this.#wanted.splice(0);
    const now = clock.now();
    const heartbeat = now >= this.#heartbeatAt;
    // Before the exchange: one that is asked for meanwhile is for the next beat.
    if (heartbeat) this.#heartbeatAt = now + this.#options.heartbeatMs;
    const answers: (Permit | Closed)[] = [];
    let dispatch: Dispatch = { demand: [], permits: new Map() };
    try {
      const exchanged = await queue.exchange({
        workerId,
        leaseTtlMs,
        heartbeat,
        settlements: settlements.map(({ item }) => item),
        plan: (view) => {
          const plan = this.#plan(view, wanted.map(({ item }) => item), answers);
          dispatch = plan.dispatch;
          return plan;
        },
      });
      this.#deliver(exchanged, settlements, wanted, answers, dispatch);
      this.#beating = false;
      this.#lastBeatAt = clock.now();
      this.#options.onBeat(exchanged, now);
      this.#scheduleNext(exchanged);
    } catch (error) {
      this.#beating = false;
      // A process that was stopped in the middle of a write: it goes on or is killed, and so long nobody loses a lease.
      const isLocked = error instanceof LockedError && clock.now() - this.#lastBeatAt < leaseTtlMs;
      if (!isLocked || this.#failed !== null) return this.#fail(error, [...settlements, ...wanted]);
      this.#options.logger.warn("waiting for the queue", { error: error.message });
      this.#heartbeatAt = -Infinity;
      this.#settlements.unshift(...settlements);
      this.#wanted.unshift(...wanted);
      this.#schedule(clock.now() + WATCH_MS);
    }
  }

  /** Answers everybody who waits, those of the beat that failed and those who came since. */
  #fail(error: unknown, carried: readonly { readonly reject: (error: unknown) => void }[] = []): void {
    this.#failed = error;
    this.#running = false;
    this.#beat?.[Symbol.dispose]();
    this.#watch?.[Symbol.dispose]();
    const waiting = [...carried, ...this.#settlements.splice(0), ...this.#wanted.splice(0)];
    for (const { reject } of waiting) reject(error);
    this.#options.onFailure(error);
  }

  /** Runs inside the transaction, with the database locked. */
  #plan(
    view: ExchangeView,
    wanted: readonly (readonly string[])[],
    answers: (Permit | Closed)[],
  ): Plan & { dispatch: Dispatch } {
    const { book, dispatcher, freeWorkers } = this.#options;
    book.adopt(view.foreignGroups);
    if (view.foreignHolders) book.adoptInFlight(view.foreignHolders);
    book.settle();
    // Jobs under way come before new ones: what is begun is to be finished.
    for (const groups of wanted) answers.push(book.acquire(groups));
    const dispatch = dispatcher.dispatch(view, freeWorkers());
    return { demand: dispatch.demand, groups: book.takeChanges(), inFlight: book.takeInFlight(), dispatch };
  }

  #deliver(
    exchanged: Exchanged,
    settlements: readonly Waiting<Settlement, Settled>[],
    wanted: readonly Waiting<readonly string[], Permit | Closed>[],
    answers: readonly (Permit | Closed)[],
    dispatch: Dispatch,
  ): void {
    for (const [index, { resolve }] of settlements.entries()) resolve(exchanged.settled[index] ?? "lost");
    for (const [index, { resolve, reject }] of wanted.entries()) {
      const answer = answers[index];
      if (answer) resolve(answer);
      else reject(new Error("Cannot grant a permit: the exchange did not plan"));
    }
    for (const job of exchanged.leased) {
      this.#options.onLeased(job, dispatch.permits.get(job.route)?.pop() ?? null);
    }
    for (const left of dispatch.permits.values()) for (const permit of left) permit[Symbol.dispose]();
  }

  #scheduleNext(exchanged: Exchanged): void {
    if (this.#again) this.nudge();
    const workAt = Math.min(
      this.#options.dispatcher.nextOpening() ?? Infinity,
      exchanged.nextDueAt ?? Infinity,
    );
    this.#nextWorkAt = workAt === Infinity ? null : workAt;
    const next = Math.min(workAt, this.#heartbeatAt);
    this.#schedule(Math.max(next, this.#lastBeatAt + BEAT_GAP_MS));
  }

  #watchOthers(): void {
    this.#watch = this.#options.clock.setTimer(WATCH_MS, () => {
      try {
        if (this.#options.queue.touched()) this.nudge();
        this.#watchOthers();
      } catch (error) {
        this.#fail(error);
      }
    });
  }
}
