/**
 * The queue of a `get`.
 *
 * @module
 */

import {
  type Exchange,
  type Exchanged,
  type ExchangeView,
  type GroupRow,
  type HolderRow,
  type Plan,
  type Settled,
  type Settlement,
  SqliteWorkQueue,
  type SqliteWorkQueueOptions,
} from "../queue/mod.ts";

/**
 * Jobs in memory, which end with the command; limit groups in the database, so that what a host asked for holds from one
 * command to the next, and together with a run that goes on beside it.
 *
 * Invariant: the database gets no job, and a queue that is paused stops nobody here.
 */
export class OneOffQueue extends SqliteWorkQueue {
  readonly #limits: SqliteWorkQueue;
  /** Whether limits are shared; `null` until that is known. */
  #shares: boolean | null = null;
  /** What came of settlements: they are brought again if the database was locked, and are carried out once. */
  readonly #settled = new WeakMap<Settlement, Settled>();

  /**
   * Opens the database, or makes it.
   *
   * @throws {InputError} As {@linkcode SqliteWorkQueue} of the database.
   * @throws {FatalError} Likewise.
   */
  constructor(options: SqliteWorkQueueOptions) {
    super({ ...options, path: ":memory:" });
    this.#limits = new SqliteWorkQueue(options);
  }

  /** Settles and leases in memory; between the two decides what to lease, in a write of the database. */
  override async exchange(exchange: Exchange): Promise<Exchanged> {
    if (!await this.#mayShare()) return await super.exchange(exchange);
    let jobs: ExchangeView | null = null;
    const settlements = exchange.settlements.filter((settlement) => !this.#settled.has(settlement));
    const { settled, held } = await super.exchange({
      ...exchange,
      settlements,
      plan: (view) => {
        jobs = view;
        return NO_PLAN;
      },
    });
    for (const [index, settlement] of settlements.entries()) {
      this.#settled.set(settlement, settled[index] ?? "lost");
    }
    let plan: Plan = NO_PLAN;
    await this.#limits.exchange({
      ...exchange,
      settlements: [],
      plan: ({ now, foreignGroups, foreignHolders }) => {
        if (!jobs) throw new TypeError("Cannot plan: the exchange in memory did not ask");
        const { takeStirred, ready } = jobs;
        plan = exchange.plan({ now, paused: false, foreignGroups, foreignHolders, takeStirred, ready });
        return { ...plan, demand: [] };
      },
    });
    const { demand } = plan;
    const leasing = { settlements: [], heartbeat: false, plan: () => ({ ...NO_PLAN, demand }) };
    const exchanged = await super.exchange({ ...exchange, ...leasing });
    const leased = exchanged.leased.map(({ jobId, epoch }) => ({ jobId, epoch }));
    return {
      ...exchanged,
      settled: exchange.settlements.map((settlement) => this.#settled.get(settlement) ?? "lost"),
      held: held && [...held, ...leased],
    };
  }

  /** Two processes must not write with an old SQLite: beside a run the limits are those of this command alone, then. */
  async #mayShare(): Promise<boolean> {
    return this.#shares ??= this.#limits.unsafeSqlite === null || (await this.#limits.holders()).length === 0;
  }

  override async leave(workerId: string): Promise<void> {
    if (this.#shares) await this.#limits.leave(workerId);
    await super.leave(workerId);
  }

  override touched(): boolean {
    return this.#limits.touched();
  }

  override groups(): Promise<readonly GroupRow[]> {
    return this.#limits.groups();
  }

  override changeGroup(name: string, change: (row: string | null) => string): Promise<void> {
    return this.#limits.changeGroup(name, change);
  }

  override holders(): Promise<readonly HolderRow[]> {
    return this.#limits.holders();
  }

  override [Symbol.dispose](): void {
    this.#limits[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

const NO_PLAN: Plan = { demand: [], groups: [], inFlight: null };
