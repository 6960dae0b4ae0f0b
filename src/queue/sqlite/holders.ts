import { FatalError } from "../../model/errors.ts";
import type { Clock } from "../../model/ports.ts";
import type { HolderRow } from "../exchange.ts";
import type { Connection } from "./connection.ts";
import { isDead, lockProcess, type ProcessLock } from "./process_lock.ts";
import { text } from "./row.ts";
import * as sql from "./statements.ts";

/** Who works on the queue: the worker ids of this process, each with a lock that ends with it, and those of others. */
export class Holders implements Disposable {
  readonly #connection: Connection;
  readonly #clock: Clock;
  /** Locks of the worker ids of this process, from their first exchange on. */
  readonly #locks = new Map<string, ProcessLock>();
  /** Worker ids whose row is written. */
  readonly #announced = new Set<string>();

  /** Takes no lock yet. */
  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** All but one that were alive at `now`. */
  others(workerId: string, now: number): HolderRow[] {
    const rows = this.#connection.statement(sql.OTHER_HOLDERS).all(workerId, now);
    return rows.map((row) => ({ workerId: text(row, "worker_id"), inFlight: text(row, "in_flight") }));
  }

  /** Whether the others can find a worker's leases when it has died. */
  isAnnounced(workerId: string): boolean {
    return this.#announced.has(workerId);
  }

  /** Notes that a worker's row was written. */
  announced(workerId: string): void {
    this.#announced.add(workerId);
  }

  /**
   * Takes a worker's lock at its first exchange, and finds holders whose process has died.
   *
   * @throws {FatalError} If another process lives and this SQLite is not safe for two.
   */
  async findDead(workerId: string): Promise<readonly string[]> {
    const { path } = this.#connection;
    if (path === ":memory:") return [];
    const first = !this.#locks.has(workerId);
    if (first) this.#locks.set(workerId, lockProcess(path, workerId));
    const dead: string[] = [];
    for (const { workerId: other } of this.#connection.read(() => this.others(workerId, -1))) {
      if (this.#locks.has(other)) continue;
      if (await isDead(path, other, this.#clock)) dead.push(other);
      else if (first) this.#refuseOnOldSqlite();
    }
    return dead;
  }

  #refuseOnOldSqlite(): void {
    const { path, unsafeSqlite } = this.#connection;
    if (unsafeSqlite === null) return;
    throw new FatalError(
      `Cannot share queue "${path}" with another process: SQLite ${unsafeSqlite} can lose commits then ` +
        "(fixed in 3.51.3); wait for the other to end",
    );
  }

  /** Forgets a worker of this process, whose row was removed. */
  left(workerId: string): void {
    this.#locks.get(workerId)?.[Symbol.dispose]();
    this.#locks.delete(workerId);
    this.#announced.delete(workerId);
  }

  /** Gives all locks up. */
  [Symbol.dispose](): void {
    for (const lock of this.#locks.values()) lock[Symbol.dispose]();
    this.#locks.clear();
  }
}
