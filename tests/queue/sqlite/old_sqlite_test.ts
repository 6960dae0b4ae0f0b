import { equal, rejects } from "node:assert/strict";
import type { SqliteWorkQueue } from "../../../src/queue/mod.ts";
import { jobs, record } from "../_jobs.ts";
import { withOldSqlite } from "../_old_sqlite.ts";
import { makeDirectory, openReal } from "./_storage.ts";

const openOld = (path: string) => withOldSqlite(() => openReal(path));
const lease = (queue: SqliteWorkQueue, worker: string) =>
  queue.lease(worker, [{ route: "fresh:doi", count: 1 }], 60_000);

Deno.test("an old SQLite is said to be for one process, a new one is not", async () => {
  await using directory = await makeDirectory();
  using old = openOld(`${directory.path}/old.sqlite`);
  equal(old.unsafeSqlite, "3.50.4");
  using current = openReal(`${directory.path}/new.sqlite`);
  equal(current.unsafeSqlite, null);
});

Deno.test("a second worker on an old SQLite is refused while another process works on the queue, and only then", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using other = openOld(path);
  {
    using worker = openOld(path);
    await worker.enqueue(jobs(1));
    const [leased] = await lease(worker, "worker");
    await rejects(lease(other, "other"), {
      name: "FatalError",
      message: `Cannot share queue "${path}" with another process: SQLite 3.50.4 can lose commits then ` +
        "(fixed in 3.51.3); wait for the other to end",
    });
    equal((await other.stats()).states.in_progress, 1, "to read is safe");
    if (leased) equal(await worker.ack(leased, record()), "ok");
  }
  equal((await lease(other, "other")).length, 0);
});

Deno.test("workers of one process share an old SQLite, and go on beside one that knows no better", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openOld(path);
  await queue.enqueue(jobs(2));
  for (const worker of ["one", "two"]) equal((await lease(queue, worker)).length, 1);
  using other = openReal(path);
  await lease(other, "three");
  equal((await queue.heartbeat("one", 60_000)).length, 1);
});

Deno.test("a SQLite that is not old lets several processes write", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using worker = openReal(path);
  await lease(worker, "worker");
  using other = openReal(path);
  equal((await other.enqueue(jobs(1))).added, 1);
});
