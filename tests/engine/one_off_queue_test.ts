import { deepEqual, equal, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { OneOffQueue } from "../../src/engine/one_off_queue.ts";
import { LockedError } from "../../src/model/errors.ts";
import { type ExchangeView, SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";
import { always, job, record } from "../queue/_jobs.ts";
import { withOldSqlite } from "../queue/_old_sqlite.ts";

const DEMAND = [{ route: "fresh:doi", count: 5 }];

/** Opens queues on one database file, which is removed in the end. */
async function withFile(
  work: (open: { oneOff(): OneOffQueue; file(): SqliteWorkQueue; readonly path: string }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const options = {
      path: `${directory}/queue.sqlite`,
      clock: new SystemClock(),
      random: always(0.5),
      retry: { maxAttempts: 3, backoffMs: 1000, jitterMs: 0 },
      busyTimeoutMs: 50,
    };
    await work({
      oneOff: () => new OneOffQueue(options),
      file: () => new SqliteWorkQueue(options),
      path: options.path,
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("limit groups go from one command to the next, and jobs do not", async () => {
  await withFile(async ({ oneOff, file }) => {
    const exchange = { leaseTtlMs: 60_000, settlements: [], heartbeat: false };
    const groups = [{ name: "host:a.example", state: "{}" }];
    {
      using queue = oneOff();
      await queue.enqueue([job(1), job(2)]);
      const { leased, unfinished } = await queue.exchange({
        ...exchange,
        workerId: "one",
        plan: () => ({ demand: DEMAND, groups, inFlight: "" }),
      });
      deepEqual([leased.length, unfinished], [2, 2]);
      await queue.leave("one");
    }
    using other = oneOff();
    let seen: ExchangeView | null = null;
    await other.exchange({
      ...exchange,
      workerId: "two",
      plan(view) {
        seen = view;
        return { demand: DEMAND, groups: [], inFlight: null };
      },
    });
    deepEqual((seen as ExchangeView | null)?.foreignGroups.map(({ name }) => name), ["host:a.example"]);
    using database = file();
    equal((await database.stats()).total, 0);
    deepEqual((await database.holders()).map(({ workerId }) => workerId), ["two"]);
  });
});

Deno.test("a queue that is paused stops no get", async () => {
  await withFile(async ({ oneOff, file }) => {
    using database = file();
    await database.pause();
    using queue = oneOff();
    await queue.enqueue([job(1)]);
    equal((await queue.lease("one", DEMAND, 60_000)).length, 1);
  });
});

Deno.test("what is brought again after the database was locked is carried out once", async () => {
  await withFile(async ({ oneOff, path }) => {
    using queue = oneOff();
    await queue.enqueue([job(1)]);
    const [lease] = await queue.lease("one", DEMAND, 60_000);
    if (!lease) throw new TypeError("nothing was leased");
    const settlements = [{ type: "ack" as const, lease, record: record() }];
    const plan = () => ({ demand: [], groups: [{ name: "a", state: "{}" }], inFlight: null });
    const exchange = { workerId: "one", leaseTtlMs: 60_000, settlements, heartbeat: true, plan };
    {
      using other = new DatabaseSync(path);
      other.exec("BEGIN IMMEDIATE");
      await rejects(queue.exchange(exchange), LockedError);
    }
    const { settled, unfinished, held } = await queue.exchange(exchange);
    deepEqual([settled, unfinished, held], [["ok"], 0, []]);
  });
});

Deno.test("with an old SQLite limits are shared from one command to the next, and not beside a run", async () => {
  await withFile(async ({ oneOff, file }) => {
    const groups = [{ name: "host:a.example", state: "{}" }];
    const exchange = { leaseTtlMs: 60_000, settlements: [], heartbeat: false };
    const plan = () => ({ demand: DEMAND, groups, inFlight: "" });
    {
      using queue = withOldSqlite(oneOff);
      await queue.exchange({ ...exchange, workerId: "one", plan });
      await queue.leave("one");
    }
    using run = withOldSqlite(file);
    equal((await run.groups()).length, 1);
    await run.lease("run", DEMAND, 60_000);
    using beside = withOldSqlite(oneOff);
    await beside.enqueue([job(1)]);
    const other = [{ name: "host:b.example", state: "{}" }];
    const { leased } = await beside.exchange({
      ...exchange,
      workerId: "two",
      plan: () => ({ ...plan(), groups: other }),
    });
    equal(leased.length, 1);
    await beside.leave("two");
    equal((await run.groups()).length, 1);
  });
});
