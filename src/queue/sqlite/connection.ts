/**
 * The database connection: how a file is opened, and what a transaction is.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { InputError, LockedError } from "../../model/errors.ts";
import type { Clock, Random } from "../../model/ports.ts";
import { Checkpointer } from "./checkpointer.ts";
import { WriteTurn } from "./write_turn.ts";
import { explainSqliteError, isBusy } from "./sqlite_error.ts";
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from "./schema.ts";

/** Builds below this one can lose commits when several processes write: the WAL-reset bug. */
const SAFE_SQLITE = [3, 51, 3] as const;

/** How long opening and reading wait inside SQLite for what lasts a moment. */
const OPEN_TIMEOUT_MS = 5000;

/** How a connection is opened. */
export interface ConnectionOptions {
  /** Path of the file; `:memory:` for tests and simulations. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a write may wait for another process's. */
  readonly busyTimeoutMs: number;
  /** Whether a missing file is made. @default true */
  readonly create?: boolean;
  /** Whether writers of several processes stand in line. @default true */
  readonly line?: boolean;
}

/** One connection and its prepared statements. */
export class Connection implements Disposable {
  readonly path: string;
  /** The version of the SQLite library, as in `3.50.4`, where several processes must not write to one file with it. */
  readonly unsafeSqlite: string | null;
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #busyTimeoutMs: number;
  readonly #statements = new Map<string, StatementSync>();
  readonly #turns: (() => void)[] = [];
  #busy = false;
  readonly #turn: WriteTurn;
  /** `null` where SQLite decides. */
  readonly #checkpointer: Checkpointer | null;
  #synchronous = "";

  constructor(options: ConnectionOptions) {
    this.path = options.path;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#busyTimeoutMs = options.busyTimeoutMs;
    const line = options.line === false ? null : options.path;
    this.#turn = new WriteTurn(line, options.clock, () => this.#checkpointer?.run());
    if (options.create === false && options.path !== ":memory:" && !exists(options.path)) {
      throw new InputError(
        `Cannot open queue "${options.path}": there is no such file; enqueue something first`,
      );
    }
    try {
      this.#database = new DatabaseSync(options.path, { enableForeignKeyConstraints: false });
    } catch (error) {
      throw this.#explain(error);
    }
    try {
      this.#prepareFile();
      const version = String(this.#get("SELECT sqlite_version() AS v").v);
      this.unsafeSqlite = isSafe(version) ? null : version;
      this.#checkpointer = isSafe(version) ? new Checkpointer(this.#database) : null;
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The prepared statement of `sql`; prepared once, since Deno keeps track of each. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.#database.prepare(sql));
    return statement;
  }

  /**
   * Runs `work` in a transaction that holds the write lock from its start (`BEGIN IMMEDIATE`), so that it never
   * has to be given up half-way. While another process holds the lock it is tried again with jitter.
   *
   * @param durable Whether the commit must survive power loss (`synchronous=FULL`).
   * @throws {LockedError} If the file stays locked; nothing was changed then.
   * @throws {FatalError} If it is full or cannot be written; nothing was changed then.
   */
  async write<T>(durable: boolean, work: () => T): Promise<T> {
    // One writer at a time in this process: a retry must not interleave with another's transaction.
    if (this.#busy) await new Promise<void>((resolve) => this.#turns.push(resolve));
    this.#busy = true;
    try {
      this.#setSynchronous(durable ? "FULL" : "NORMAL");
      using _turn = await this.#begin();
      try {
        const result = work();
        this.statement("COMMIT").run();
        return result;
      } catch (error) {
        this.#rollback();
        throw this.#explain(error);
      }
    } finally {
      const next = this.#turns.shift();
      if (next) next();
      else this.#busy = false;
    }
  }

  /**
   * Runs a read. In WAL mode it waits for nobody, but while another process recovers the log after a crash or folds
   * it in at its end: then for a moment, inside SQLite.
   */
  read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw this.#explain(error);
    }
    this.#database.exec(`PRAGMA busy_timeout = ${OPEN_TIMEOUT_MS}`);
    try {
      return work();
    } catch (error) {
      throw this.#explain(error);
    } finally {
      this.#database.exec("PRAGMA busy_timeout = 0");
    }
  }

  /** Runs several reads on one state of the database; writers go on meanwhile. */
  snapshot<T>(work: () => T): T {
    return this.read(() => {
      this.statement("BEGIN").run();
      try {
        return work();
      } finally {
        this.#rollback();
      }
    });
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#turn[Symbol.dispose]();
    this.#database.close();
  }

  async #begin(): Promise<Disposable | null> {
    const turn = await this.#turn.take();
    const giveUpAt = this.#clock.now() + this.#busyTimeoutMs;
    for (;;) {
      try {
        this.statement("BEGIN IMMEDIATE").run();
        return turn;
      } catch (error) {
        if (!isBusy(error)) {
          turn?.[Symbol.dispose]();
          throw this.#explain(error);
        }
        if (this.#clock.now() >= giveUpAt) {
          turn?.[Symbol.dispose]();
          throw new LockedError(
            `Cannot write queue "${this.path}": another process has kept it locked for ${this.#busyTimeoutMs} ms`,
          );
        }
        // Short and even: a transaction lasts a millisecond, and growing delays would starve the unlucky.
        await new Promise<void>((resolve) => this.#clock.setTimer(this.#random.next() * 3, resolve));
      }
    }
  }

  #rollback(): void {
    try {
      this.statement("ROLLBACK").run();
    } catch {
      // SQLite rolls back by itself on a full disk or an I/O error; there is nothing left to undo.
    }
  }

  #setSynchronous(level: "FULL" | "NORMAL"): void {
    if (this.#synchronous === level) return;
    this.#database.exec(`PRAGMA synchronous = ${level}`);
    this.#synchronous = level;
  }

  #prepareFile(): void {
    try {
      this.#database.exec(`PRAGMA busy_timeout = ${OPEN_TIMEOUT_MS}`);
      const applicationId = Number(this.#get("PRAGMA application_id").application_id);
      const version = Number(this.#get("PRAGMA user_version").user_version);
      const tables = Number(this.#get("SELECT count(*) AS n FROM sqlite_schema").n);
      if (applicationId !== APPLICATION_ID && (applicationId !== 0 || tables > 0)) {
        throw new InputError(`Cannot open queue "${this.path}": it is a database of another program`);
      }
      if (version > SCHEMA_VERSION) {
        throw new InputError(
          `Cannot open queue "${this.path}": its schema is version ${version} and this program knows up to ` +
            `${SCHEMA_VERSION}; use a newer contentdownload`,
        );
      }
      // Both must come before the first table; later they do nothing.
      if (version === 0) this.#database.exec("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL");
      this.#database.exec(
        "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -32768;" +
          "PRAGMA temp_store = MEMORY",
      );
      if (version < SCHEMA_VERSION) this.#migrate();
      this.#database.exec("PRAGMA busy_timeout = 0");
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #migrate(): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      // Read again under the lock: another process may have migrated meanwhile.
      const version = Number(this.#get("PRAGMA user_version").user_version);
      for (const script of MIGRATIONS.slice(version)) this.#database.exec(script);
      this.#database.exec(
        `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`,
      );
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #get(sql: string): Record<string, unknown> {
    // Not kept: asked once or twice in a connection's life.
    return this.#database.prepare(sql).get() ?? {};
  }

  #explain(error: unknown): Error {
    return explainSqliteError(error, this.path);
  }
}

function isSafe(sqliteVersion: string): boolean {
  const version = sqliteVersion.split(".").map(Number);
  for (const [index, part] of SAFE_SQLITE.entries()) {
    const have = version[index] ?? 0;
    if (have !== part) return have > part;
  }
  return true;
}

function exists(path: string): boolean {
  try {
    // A directory is there, too: to open it says so.
    Deno.statSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
