import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { FatalError, InputError } from "../../../src/model/errors.ts";
import { SCHEMA_VERSION } from "../../../src/queue/sqlite/schema.ts";
import { until } from "../../_support/until.ts";
import { jobs, record } from "../_jobs.ts";
import { makeDirectory, openReal } from "./_storage.ts";

function expectError(work: () => unknown, kind: typeof InputError | typeof FatalError, text: RegExp): void {
  throws(work, (error) => {
    ok(error instanceof kind, `${error}`);
    match(error.message, text);
    equal(error.message.includes("\n"), false);
    return true;
  });
}

Deno.test("a file that is no database is refused and left as it is", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/list.txt`;
  const text = "10.1371/journal.pone.0213978\n".repeat(100);
  await Deno.writeTextFile(path, text);
  expectError(
    () => openReal(path),
    InputError,
    /^Cannot open queue ".*list\.txt": it is not a SQLite database$/,
  );
  equal(await Deno.readTextFile(path), text);
});

Deno.test("a database of another program is refused and left as it is", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/zotero.sqlite`;
  const other = new DatabaseSync(path);
  other.exec("CREATE TABLE items (id INTEGER PRIMARY KEY)");
  other.close();
  const before = await Deno.readFile(path);
  expectError(() => openReal(path), InputError, /is a database of another program$/);
  equal(before.toString(), (await Deno.readFile(path)).toString());
});

Deno.test("a newer schema is refused with what to do", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  openReal(path)[Symbol.dispose]();
  const raw = new DatabaseSync(path);
  raw.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  raw.close();
  const refusal = new RegExp(`its schema is version ${SCHEMA_VERSION + 1} .* use a newer contentdownload$`);
  expectError(() => openReal(path), InputError, refusal);
});

Deno.test("a missing file is made, or refused where it must be there", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  expectError(
    () => openReal(path, { create: false }),
    InputError,
    /there is no such file; enqueue something first$/,
  );
  openReal(path)[Symbol.dispose]();
  openReal(path, { create: false })[Symbol.dispose]();
});

Deno.test("a missing directory is named", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/none/queue.sqlite`;
  expectError(() => openReal(path), InputError, /its directory is missing or not accessible$/);
});

Deno.test("a damaged database is reported when it is met", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  {
    using queue = openReal(path);
    await queue.enqueue(jobs(20_000));
  }
  const bytes = await Deno.readFile(path);
  bytes.fill(0xa5, 8 * 4096);
  await Deno.writeFile(path, bytes);
  using queue = openReal(path);
  await rejects(queue.enqueue(jobs(20_000)), (error) => {
    ok(error instanceof FatalError, `${error}`);
    match(error.message, /^Cannot use queue ".*": the database is damaged; restore it from a copy$/);
    return true;
  });
});

Deno.test({
  name: "a read-only directory is reported",
  // Root may write everywhere.
  ignore: Deno.uid() === 0,
  async fn() {
    await using directory = await makeDirectory();
    await Deno.chmod(directory.path, 0o500);
    expectError(() => openReal(`${directory.path}/queue.sqlite`), InputError, /^Cannot open queue/);
    await Deno.chmod(directory.path, 0o700);
  },
});

Deno.test("a full disk is reported, and what was enqueued before is kept", async (test) => {
  await using directory = await makeDirectory();
  const mount = new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", "size=2m", "tmpfs", directory.path],
    stderr: "null",
  });
  const mounted = await mount.output().then(({ success }) => success, () => false);
  await test.step({
    name: mounted ? "on a file system of 2 MiB" : "skipped: file systems cannot be mounted here",
    ignore: !mounted,
    async fn() {
      try {
        const path = `${directory.path}/queue.sqlite`;
        let kept = 0;
        {
          using queue = openReal(path);
          await rejects(async () => {
            for (;;) kept += (await queue.enqueue(jobs(1_000, kept))).added;
          }, (error) => {
            ok(error instanceof FatalError, `${error}`);
            match(error.message, /the disk is full; free some space and start again$/);
            return true;
          });
          equal((await queue.stats()).states.queued, kept);
        }
        ok(kept > 0);
        using again = openReal(path);
        equal((await again.stats()).states.queued, kept);
      } finally {
        await new Deno.Command("umount", { args: [directory.path] }).output();
      }
    },
  });
});

Deno.test("a lock that does not end is reported after the time allowed", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path, { busyTimeoutMs: 30 });
  using blocker = new DatabaseSync(path);
  blocker.exec("BEGIN IMMEDIATE");
  await rejects(queue.enqueue(jobs(1)), {
    name: "FatalError",
    message: `Cannot write queue "${path}": another process has kept it locked for 30 ms`,
  });
  // Its turn to write is over, too: nobody else stands in line behind it.
  using turn = await Deno.open(`${path}-turn.lock`, { read: true, write: true });
  equal(turn.tryLockSync(true), true);
  turn.unlockSync();
  blocker.exec("ROLLBACK");
  equal((await queue.enqueue(jobs(1))).added, 1);
});

Deno.test("a writer waits for another's transaction", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  using blocker = new DatabaseSync(path);
  blocker.exec("BEGIN IMMEDIATE");
  const enqueued = queue.enqueue(jobs(1));
  // Its first attempt has been refused by now.
  equal((await queue.stats()).total, 0);
  blocker.exec("COMMIT");
  equal((await enqueued).added, 1);
});

Deno.test("others write while a queue is checked", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  await queue.enqueue(jobs(1));
  using other = new DatabaseSync(path);
  const { prototype } = DatabaseSync;
  const { prepare } = prototype;
  let written = 0;
  prototype.prepare = function (sql) {
    // The integrity is read by now, the recounts are not.
    if (sql.startsWith("SELECT 'state '")) {
      other.exec("UPDATE counts SET n = n + 1 WHERE state = 0");
      written++;
    }
    return prepare.call(this, sql);
  };
  try {
    deepEqual(await queue.check(), { integrity: [], counters: [] });
  } finally {
    prototype.prepare = prepare;
  }
  equal(written, 1);
  equal((await queue.check()).counters.length, 1);
});

Deno.test("a process that was stopped at its turn keeps nobody from writing", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  using stopped = await Deno.open(`${path}-turn.lock`, { create: true, read: true, write: true });
  await stopped.lock(true);
  using locks = watchLocks();
  equal((await queue.enqueue(jobs(1))).added, 1);
  equal((await queue.enqueue(jobs(2))).added, 1);
  await stopped.unlock();
  // The lock that the queue waited for in vain is granted now, on a thread of the platform.
  await until(() => locks.waiting === 0, "nobody waits for a lock");
});

/** Counts the locks of files that are being waited for, until its disposal. */
function watchLocks(): Disposable & { readonly waiting: number } {
  const { lock } = Deno.FsFile.prototype;
  let waiting = 0;
  Deno.FsFile.prototype.lock = async function (exclusive) {
    waiting++;
    try {
      await lock.call(this, exclusive);
    } finally {
      waiting--;
    }
  };
  return {
    get waiting() {
      return waiting;
    },
    [Symbol.dispose]() {
      Deno.FsFile.prototype.lock = lock;
    },
  };
}

Deno.test("an enqueue is durable when it returns; acks share the next sync", async () => {
  await using directory = await makeDirectory();
  using queue = openReal(`${directory.path}/queue.sqlite`);
  const levels: string[] = [];
  const exec = DatabaseSync.prototype.exec;
  DatabaseSync.prototype.exec = function (sql) {
    levels.push(...[...sql.matchAll(/synchronous = (\w+)/g)].map(([, level = ""]) => level));
    return exec.call(this, sql);
  };
  try {
    await queue.enqueue(jobs(1));
    equal(levels.at(-1), "FULL");
    const [lease] = await queue.lease("a", [{ route: "fresh:doi", count: 1 }], 60_000);
    equal(levels.at(-1), "NORMAL");
    if (lease) await queue.ack(lease, record());
    equal(levels.at(-1), "NORMAL");
    await queue.pause();
    equal(levels.at(-1), "FULL");
    if (lease) await queue.release([lease]);
    equal(levels.at(-1), "NORMAL");
    await queue.retryFailed();
    equal(levels.at(-1), "FULL");
  } finally {
    DatabaseSync.prototype.exec = exec;
  }
});

Deno.test("the file gives space back, and stays within 1 MB for 10,000 jobs", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  await queue.enqueue(jobs(50_000));
  await queue.prune();
  const full = (await Deno.stat(path)).size;
  ok(full <= 5_000_000, `${full} bytes`);
  const leased = await queue.lease("a", [{ route: "fresh:doi", count: 50_000 }], 60_000);
  const settlements = leased.map((lease) => ({ type: "ack" as const, lease, record: record() }));
  const plan = () => ({ demand: [], groups: [], inFlight: null });
  await queue.exchange({ workerId: "a", leaseTtlMs: 60_000, heartbeat: false, settlements, plan });
  const { jobs: forgotten, bytes } = await queue.prune({ finishedBefore: Number.MAX_SAFE_INTEGER });
  equal(forgotten, 50_000);
  ok(bytes > 5_000_000, `${bytes} bytes came back`);
  ok((await Deno.stat(path)).size < 500_000);
});

Deno.test("check() names each counter that differs from a recount", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  await queue.enqueue(jobs(2));
  deepEqual((await queue.check()).counters, []);
  using raw = new DatabaseSync(path);
  raw.exec(
    "UPDATE counts SET n = 5 WHERE state = 0; UPDATE lanes SET ready = 6;" +
      "INSERT INTO reason_counts VALUES ('ok', 7); INSERT INTO records VALUES (1, 'timeout', 0, '{}')",
  );
  deepEqual(await queue.check(), {
    integrity: [],
    counters: [
      "state 0: kept 5, counted 2",
      "ready on fresh:doi: kept 6, counted 2",
      "reason ok: kept 7, counted 0",
      "records: kept 1, counted 0",
    ],
  });
});

Deno.test("nothing is left in the file of a job that was pruned", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  await queue.enqueue(jobs(1, 0, { metadata: { title: "t" } }));
  const [lease] = await queue.lease("a", [{ route: "fresh:doi", count: 1 }], 60_000);
  if (lease) await queue.ack(lease, record());
  await queue.leave("a");
  equal((await queue.prune({ finishedBefore: Number.MAX_SAFE_INTEGER })).jobs, 1);
  using raw = new DatabaseSync(path);
  for (const table of ["jobs", "records", "details", "lanes"]) {
    deepEqual([table, raw.prepare(`SELECT * FROM ${table}`).all()], [table, []]);
  }
});

Deno.test("the write-ahead log stays bounded under stats and an export", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/queue.sqlite`;
  using queue = openReal(path);
  using reader = openReal(path);
  let largest = 0;
  const plan = () => ({ demand: [{ route: "fresh:doi", count: 128 }], groups: [], inFlight: null });
  let settlements: Parameters<typeof queue.exchange>[0]["settlements"] = [];
  let done = 0, exported = 0, exporting = reader.finished()[Symbol.asyncIterator]();
  for (let first = 0; done < 20_000;) {
    if (first < 20_000) await queue.enqueue(jobs(128, first));
    first += 128;
    done += settlements.length;
    const { leased } = await queue.exchange({
      workerId: "a",
      leaseTtlMs: 60_000,
      heartbeat: false,
      settlements,
      plan,
    });
    settlements = leased.map((lease) => ({ type: "ack", lease, record: record() }));
    await reader.stats();
    for (let n = 0; n < 100; n++) {
      if ((await exporting.next()).done) exporting = reader.finished()[Symbol.asyncIterator]();
      else exported++;
    }
    largest = Math.max(largest, (await Deno.stat(`${path}-wal`)).size);
  }
  ok(exported > 1_000);
  // SQLite folds the log in at every 1,000 pages, which are 4 MiB, as no reader stays open.
  ok(largest < 16 * 1024 * 1024, `${largest} bytes`);
});
