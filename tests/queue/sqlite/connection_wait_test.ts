import { deepEqual, equal, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Connection, type ConnectionOptions } from "../../../src/queue/sqlite/connection.ts";
import { VirtualClock } from "../../../src/runtime/mod.ts";
import { always, jobs } from "../_jobs.ts";
import { makeDirectory, openReal } from "./_storage.ts";

function connect(path: string, options: Partial<ConnectionOptions> = {}): Connection {
  return new Connection({
    path,
    clock: new VirtualClock(),
    random: always(0.5),
    busyTimeoutMs: 1_000,
    ...options,
  });
}

/** How long SQLite itself waits for a lock, during which this thread does nothing else. */
function busyTimeoutOf(database: Pick<DatabaseSync, "prepare">): unknown {
  return database.prepare("PRAGMA busy_timeout").get()?.timeout;
}

function timeoutOf(connection: Connection): unknown {
  return connection.statement("PRAGMA busy_timeout").get()?.timeout;
}

/** Calls `before` ahead of each script that is executed, until its disposal. */
function watchScripts(before: (database: DatabaseSync, sql: string) => void): Disposable {
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (sql) {
    before(this, sql);
    return exec.call(this, sql);
  };
  return {
    [Symbol.dispose]() {
      DatabaseSync.prototype.exec = exec;
    },
  };
}

const BUSY = Object.assign(new Error("database is locked"), { code: "ERR_SQLITE_ERROR", errcode: 5 });

Deno.test("a read that meets a lock is made again, and then SQLite waits", () => {
  using connection = connect(":memory:");
  const timeouts: unknown[] = [];
  const read = connection.read(() => {
    timeouts.push(timeoutOf(connection));
    if (timeouts.length === 1) throw BUSY;
    return "what was asked for";
  });
  equal(read, "what was asked for");
  deepEqual([...timeouts, timeoutOf(connection)], [0, 5_000, 0]);
});

Deno.test("opening waits inside SQLite for what lasts a moment, and nothing after it does", async () => {
  await using directory = await makeDirectory();
  const timeouts: unknown[] = [];
  using _watch = watchScripts((database, sql) => {
    if (sql.includes("journal_mode")) timeouts.push(busyTimeoutOf(database));
  });
  using connection = connect(`${directory.path}/queue.sqlite`);
  deepEqual([...timeouts, timeoutOf(connection)], [5_000, 0]);
});

Deno.test("a file that another process makes ready meanwhile is opened as it is", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  let others = 0;
  using _watch = watchScripts((_database, sql) => {
    if (sql !== "BEGIN IMMEDIATE" || others++ > 0) return;
    using _other = openReal(path);
  });
  using queue = openReal(path);
  equal((await queue.enqueue(jobs(1))).added, 1);
  equal(others, 2);
});

Deno.test("the write-ahead log is cut back to 16 MiB after a large write", () => {
  using connection = connect(":memory:");
  equal(connection.statement("PRAGMA journal_size_limit").get()?.journal_size_limit, 16 * 1024 * 1024);
});

Deno.test("a writer that meets a lock tries again after a random time of at most three milliseconds", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  const clock = new VirtualClock();
  using connection = connect(path, { clock, line: false });
  using blocker = new DatabaseSync(path);
  blocker.exec("BEGIN IMMEDIATE");
  let written = false;
  const writing = connection.write(false, () => written = true);
  await clock.advance(1);
  blocker.exec("COMMIT");
  await clock.advance(0.4);
  equal(written, false);
  await clock.advance(0.1);
  equal(written, true);
  await writing;
});

Deno.test("a write that cannot begin gives up its turn", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  const clock = new VirtualClock();
  using connection = connect(path, { clock });
  await connection.write(false, () => {});
  // One that follows at once would keep its turn for the next.
  await clock.advance(1_000);
  connection.statement("BEGIN").run();
  await rejects(connection.write(false, () => {}), /within a transaction/);
  using turn = await Deno.open(`${path}-turn.lock`, { read: true, write: true });
  equal(turn.tryLockSync(true), true);
});
