import { deepEqual, equal } from "node:assert/strict";
import { GroupBook, type GroupLimits } from "../../src/limits/mod.ts";
import type { Permit, PermitSource } from "../../src/model/permit.ts";
import { JobPermits } from "../../src/orchestrator/job_permits.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { answered, limits } from "./_rig.ts";

/** The groups, and what was asked of them. */
function makeSource(known: Record<string, GroupLimits> = {}) {
  const clock = new VirtualClock();
  const book = new GroupBook({ clock, limitsOf: (name) => known[name] ?? limits(), onNews: () => {} });
  const asked: (readonly string[])[] = [];
  const source: PermitSource = {
    acquire: (groups) => {
      asked.push(groups);
      return Promise.resolve(book.acquire(groups));
    },
  };
  const take = (...groups: string[]): Permit => {
    const permit = book.acquire(groups);
    if (permit.type === "closed") throw new Error(`${permit.group} is closed`);
    return permit;
  };
  /** Requests under way, by group, after the news was settled. */
  const inFlight = () => {
    book.settle();
    return Object.fromEntries(book.views().map((view) => [view.name, view.inFlight]));
  };
  const requests = (name: string) =>
    book.views().find((view) => view.name === name)?.group.state.seen.requests;
  return { book, clock, source, asked, take, inFlight, requests };
}

Deno.test("JobPermits gives the first permit out once, then asks the source", async () => {
  const { clock, source, asked, take, inFlight } = makeSource();
  const first = take("api");
  using permits = new JobPermits(source, first, clock, false);
  equal(await permits.acquire(["api"]), first);
  deepEqual(asked, []);
  const second = await permits.acquire(["api"]);
  equal(second.type, "permit");
  deepEqual(asked, [["api"]]);
  deepEqual(inFlight(), { api: 2 });
});

Deno.test("JobPermits keeps the first permit for a request that needs its groups", async () => {
  const { clock, source, asked, take } = makeSource();
  const first = take("api");
  using permits = new JobPermits(source, first, clock, false);
  await permits.acquire(["other"]);
  deepEqual(asked, [["other"]]);
  equal(await permits.acquire(["api"]), first);
});

Deno.test("JobPermits keeps a first permit of two groups for a request that needs both", async () => {
  const { clock, source, asked, take } = makeSource();
  const first = take("api", "host");
  using permits = new JobPermits(source, first, clock, false);
  await permits.acquire(["api"]);
  deepEqual(asked, [["api"]]);
  equal(await permits.acquire(["host", "api"]), first);
});

Deno.test("JobPermits passes the departure of a request on to all groups, for a job that had failed before too", async () => {
  for (const isRetry of [false, true]) {
    const { book, clock, source, take } = makeSource();
    using permits = new JobPermits(source, take("api"), clock, isRetry);
    const permit = await permits.acquire(["api", "host"]);
    if (permit.type === "closed") throw new Error("both groups are open");
    permit.depart();
    book.settle();
    const left = { inFlight: 1, pending: 0 };
    deepEqual(JSON.parse(book.takeInFlight() ?? ""), { api: left, host: left });
  }
});

Deno.test("JobPermits joins the first permit with one for the groups that it lacks", async () => {
  const { clock, source, asked, take, inFlight, requests } = makeSource();
  using permits = new JobPermits(source, take("api"), clock, false);
  const joined = await permits.acquire(["api", "host"]);
  if (joined.type === "closed") throw new Error("both groups are open");
  deepEqual(asked, [["host"]]);
  deepEqual(joined.groups, ["api", "host"]);
  deepEqual(inFlight(), { api: 1, host: 1 });
  joined.report(answered());
  joined[Symbol.dispose]();
  deepEqual(inFlight(), { api: 0, host: 0 });
  deepEqual([requests("api"), requests("host")], [1, 1]);
});

Deno.test("JobPermits gives the first permit back when another group is closed", async () => {
  const { clock, source, take, inFlight, requests } = makeSource({ host: limits({ concurrency: 1 }) });
  take("host");
  using permits = new JobPermits(source, take("api"), clock, false);
  const closed = await permits.acquire(["api", "host"]);
  equal(closed.type, "closed");
  deepEqual(inFlight(), { api: 0, host: 1 });
  equal(requests("api"), 0);
});

Deno.test("JobPermits tells the groups of a job that had failed before", async () => {
  for (const isRetry of [false, true]) {
    const { book, clock, source, take } = makeSource();
    using permits = new JobPermits(source, take("api"), clock, isRetry);
    const permit = await permits.acquire(["api"]);
    if (permit.type === "closed") throw new Error("the group is open");
    permit.depart();
    permit.report(answered(503));
    permit[Symbol.dispose]();
    book.settle();
    // A full start ends with a 503, unless it may be the job's own file that is broken.
    const [view] = book.views();
    equal(view?.group.state.adaptive === null, isRetry);
    equal(view?.inFlight, 0);
  }
});

Deno.test("JobPermits gives an unused first permit back when the job ends", () => {
  const { clock, source, take, inFlight, requests } = makeSource();
  {
    using _permits = new JobPermits(source, take("api"), clock, false);
    deepEqual(inFlight(), { api: 1 });
  }
  deepEqual(inFlight(), { api: 0 });
  equal(clock.pendingTimers, 0);
  equal(requests("api"), 0);
});

Deno.test("JobPermits does not take back what it gave out", async () => {
  const { clock, source, take, inFlight } = makeSource();
  {
    using permits = new JobPermits(source, take("api"), clock, false);
    await permits.acquire(["api"]);
  }
  deepEqual(inFlight(), { api: 1 });
});

Deno.test("JobPermits gives a first permit back that is not used in time", async () => {
  const { clock, source, asked, take, inFlight } = makeSource();
  using permits = new JobPermits(source, take("api"), clock, false);
  await clock.advance(1_999);
  deepEqual(inFlight(), { api: 1 });
  await clock.advance(1);
  deepEqual(inFlight(), { api: 0 });
  await permits.acquire(["api"]);
  deepEqual(asked, [["api"]]);
});

Deno.test("JobPermits takes nothing back that was asked for in time", async () => {
  const { clock, source, take, inFlight } = makeSource();
  using permits = new JobPermits(source, take("api"), clock, false);
  await permits.acquire(["api"]);
  equal(clock.pendingTimers, 0);
  await clock.advance(60_000);
  deepEqual(inFlight(), { api: 1 });
});

Deno.test("JobPermits tells all that the request needs when one group is closed, so that the job waits for all", async () => {
  const { clock, source, take } = makeSource({ host: limits({ concurrency: 1 }) });
  take("host");
  using permits = new JobPermits(source, take("api"), clock, false);
  const closed = await permits.acquire(["api", "host"]);
  deepEqual(closed.type === "closed" && closed.needs, ["api", "host"]);
});

Deno.test("JobPermits waits for nothing where the job was leased without a permit", async () => {
  const { clock, source, asked } = makeSource();
  using permits = new JobPermits(source, null, clock, false);
  equal(clock.pendingTimers, 0);
  await permits.acquire(["api"]);
  deepEqual(asked, [["api"]]);
});
