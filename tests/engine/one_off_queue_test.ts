import { deepEqual, equal, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { OneOffQueue } from "../../src/engine/one_off_queue.ts";
import { LockedError } from "../../src/model/errors.ts";
import { type ExchangeView, SqliteWorkQueue } from "../../src/queue/mod.ts";
import { SystemClock } from "../../src/runtime/mod.ts";
import { always, job, record } from "../queue/_jobs.ts";
import { withOldSqlite } from "../queue/_old_sqlite.ts";

const DEMAND = [{ route: "fresh:doi", count: 5 }];
const EXCHANGE = { leaseTtlMs: 60_000, settlements: [], heartbeat: false };

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
    const groups = [{ name: "host:a.example", state: "{}" }];
    {
      using queue = oneOff();
      await queue.enqueue([job(1), job(2)]);
      const { leased, unfinished } = await queue.exchange({
        ...EXCHANGE,
        workerId: "one",
        plan: () => ({ demand: DEMAND, groups, inFlight: "" }),
      });
      deepEqual([leased.length, unfinished], [2, 2]);
      await queue.leave("one");
    }
    using other = oneOff();
    let seen: ExchangeView | null = null;
    await other.exchange({
      ...EXCHANGE,
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
    const { leased, paused } = await queue.exchange({
      ...EXCHANGE,
      workerId: "one",
      plan(view) {
        equal(view.paused, false);
        return { demand: DEMAND, groups: [], inFlight: null };
      },
    });
    deepEqual([leased.length, paused], [1, false]);
  });
});

Deno.test("a plan knows the jobs of the get, and the groups and processes of the database", async () => {
  await withFile(async ({ oneOff, file }) => {
    using run = file();
    await run.enqueue([job(1, { artifactId: "pmid:1" })]);
    const groups = [{ name: "host:a.example", state: "{}" }];
    const saving = () => ({ demand: [], groups, inFlight: "run's" });
    await run.exchange({ ...EXCHANGE, workerId: "run", plan: saving });
    using queue = oneOff();
    await queue.enqueue([job(1), job(2)]);
    const { leased, held } = await queue.exchange({
      ...EXCHANGE,
      workerId: "one",
      heartbeat: true,
      plan({ foreignGroups, foreignHolders, takeStirred, ready }) {
        deepEqual(foreignGroups, groups);
        deepEqual(foreignHolders, [{ workerId: "run", inFlight: "run's" }]);
        deepEqual([...takeStirred()], ["fresh:doi"]);
        deepEqual([ready("fresh:doi"), ready("fresh:pmid")], [2, 0]);
        return { demand: DEMAND, groups: [], inFlight: "" };
      },
    });
    equal(leased.length, 2);
    deepEqual(held, leased.map(({ jobId, epoch }) => ({ jobId, epoch })));
    const workerIds = ["run", "one"].sort();
    deepEqual((await queue.holders()).map(({ workerId }) => workerId).sort(), workerIds);
    deepEqual(await queue.groups(), groups);
    await queue.changeGroup("host:a.example", (row) => row === "{}" ? "changed" : "");
    deepEqual((await run.groups()).map(({ state }) => state), ["changed"]);
    equal((queue.touched(), queue.touched()), false);
    await run.changeGroup("host:b.example", () => "{}");
    equal(queue.touched(), true);
    await queue.leave("one");
    deepEqual((await queue.holders()).map(({ workerId }) => workerId), ["run"]);
    equal((await queue.stats()).states.queued, 2);
  });
});

Deno.test("a get neither takes nor settles a job of the database that has the number of its own", async () => {
  await withFile(async ({ oneOff, file }) => {
    using run = file();
    await run.enqueue([job(1), job(2)]);
    const [theirs] = await run.lease("run", [{ route: "fresh:doi", count: 1 }], 60_000);
    using queue = oneOff();
    await queue.enqueue([job(3)]);
    const [own] = await queue.lease("one", DEMAND, 60_000);
    if (!own) throw new TypeError("nothing was leased");
    deepEqual([own.jobId, own.epoch], [theirs?.jobId, theirs?.epoch]);
    const settlements = [{ type: "ack" as const, lease: own, record: record() }];
    const plan = () => ({ demand: DEMAND, groups: [], inFlight: null });
    const { settled } = await queue.exchange({ ...EXCHANGE, workerId: "one", settlements, plan });
    deepEqual(settled, ["ok"]);
    const { states } = await run.stats();
    deepEqual([states.in_progress, states.queued], [1, 1]);
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
  await withFile(async ({ oneOff, file, path }) => {
    const groups = [{ name: "host:a.example", state: "{}" }];
    const plan = () => ({ demand: DEMAND, groups, inFlight: "" });
    {
      using queue = withOldSqlite(oneOff);
      await queue.exchange({ ...EXCHANGE, workerId: "one", plan: () => ({ ...plan(), groups: [] }) });
      // It is a process of the database itself by now.
      await queue.exchange({ ...EXCHANGE, workerId: "one", plan });
      await queue.leave("one");
    }
    using run = withOldSqlite(file);
    equal((await run.groups()).length, 1);
    await run.lease("run", DEMAND, 60_000);
    using beside = withOldSqlite(oneOff);
    await beside.enqueue([job(1)]);
    const other = [{ name: "host:b.example", state: "{}" }];
    const { leased } = await beside.exchange({
      ...EXCHANGE,
      workerId: "two",
      plan: () => ({ ...plan(), groups: other }),
    });
    equal(leased.length, 1);
    using writer = new DatabaseSync(path);
    writer.exec("BEGIN IMMEDIATE");
    await beside.leave("two");
    equal((await run.groups()).length, 1);
  });
});
