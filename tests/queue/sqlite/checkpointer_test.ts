import { deepEqual, equal, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { Checkpointer } from "../../../src/queue/sqlite/checkpointer.ts";
import { jobs } from "../_jobs.ts";
import { makeDirectory, openReal } from "./_storage.ts";

const PAGE_BYTES = 4096;

function log(database: DatabaseSync): { pages: number; copied: number } {
  const row = database.prepare("PRAGMA wal_checkpoint(NOOP)").get();
  return { pages: Number(row?.log), copied: Number(row?.checkpointed) };
}

/** Lengthens the log by a transaction, and gives how long it is then. */
function write(database: DatabaseSync, pages: number): number {
  database.exec(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${pages})
     INSERT INTO t SELECT zeroblob(${PAGE_BYTES - 100}) FROM n`,
  );
  return log(database).pages;
}

async function withDatabase(work: (database: DatabaseSync, path: string) => void): Promise<void> {
  await using directory = await makeDirectory();
  const path = `${directory.path}/test.sqlite`;
  const database = new DatabaseSync(path);
  try {
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL; CREATE TABLE t (a)`);
    work(database, path);
  } finally {
    if (database.isOpen) database.close();
  }
}

Deno.test("Checkpointer copies the log when a thousand pages wait, and not before", () =>
  withDatabase((database) => {
    const checkpointer = new Checkpointer(database);
    const few = write(database, 500);
    checkpointer.run();
    deepEqual(log(database), { pages: few, copied: 0 });
    const many = write(database, 600);
    ok(many >= 1000 && many < 4000);
    equal(log(database).copied, 0);
    checkpointer.run();
    deepEqual(log(database), { pages: many, copied: many });
  }));

Deno.test("Checkpointer counts what was not copied yet", () =>
  withDatabase((database, path) => {
    const checkpointer = new Checkpointer(database);
    const reader = new DatabaseSync(path);
    reader.exec("BEGIN; SELECT count(*) FROM t");
    const first = write(database, 1100);
    // The reader sees none of it, so nothing may be copied over what it sees.
    checkpointer.run();
    ok(log(database).copied < 10);
    reader.exec("COMMIT; BEGIN; SELECT count(*) FROM t");
    checkpointer.run();
    equal(log(database).copied, first);
    // What the reader sees keeps the log from beginning anew.
    const second = write(database, 500);
    ok(second > first);
    reader.exec("COMMIT");
    checkpointer.run();
    deepEqual(log(database), { pages: second, copied: first });
    reader.close();
  }));

Deno.test("Checkpointer leaves it to a commit to begin a long log anew", () =>
  withDatabase((database) => {
    new Checkpointer(database);
    equal(log(database).copied, 0);
    let longest = 0;
    for (let n = 0; n < 10; n++) longest = Math.max(longest, write(database, 900));
    ok(longest > 3000 && longest < 5000, `${longest} pages`);
  }));

Deno.test("Checkpointer does not mind a database that cannot be asked", () =>
  withDatabase((database) => {
    const checkpointer = new Checkpointer(database);
    database.close();
    checkpointer.run();
  }));

Deno.test("a queue copies its log when it has passed its turn on", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  const watching = new DatabaseSync(path);
  try {
    for (let first = 0; log(watching).pages < 1_000; first += 2_000) {
      equal(log(watching).copied, 0);
      await queue.enqueue(jobs(2_000, first));
      await setImmediate();
    }
    equal(log(watching).copied, log(watching).pages);
  } finally {
    watching.close();
  }
});
