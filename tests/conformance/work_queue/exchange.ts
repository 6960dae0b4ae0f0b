/**
 * Exchanges: everything in one transaction.
 *
 * @module
 */

import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Exchange, ExchangeView, Plan, WorkQueue } from "../../../src/queue/mod.ts";
import { failure, jobs, record } from "../../queue/_jobs.ts";
import type { Backend } from "../work_queue.ts";
import { FRESH, queueTest, TTL_MS } from "./_rig.ts";

const NOTHING: Plan = { demand: [], groups: [], inFlight: null };

function exchangeOf(fields: Partial<Exchange> = {}): Exchange {
  return {
    workerId: "a",
    leaseTtlMs: TTL_MS,
    settlements: [],
    heartbeat: false,
    plan: () => NOTHING,
    ...fields,
  };
}

/** Registers the tests of `exchange` and `leave`. */
export function testExchange(name: string, backend: Backend): void {
  queueTest(`${name}: exchange() settles, plans and claims at once`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(6));
    const [acked, retried, held, released] = await rig.lease("a", 4);
    if (!acked || !retried || !held || !released) throw new Error("four jobs were queued");
    const seen: number[] = [];
    const { settled, leased, unfinished, paused, nextDueAt } = await rig.queue.exchange(exchangeOf({
      settlements: [
        { type: "ack", lease: acked, record: record() },
        { type: "retry", lease: retried, ...failure() },
        { type: "hold", lease: held, route: "host:h.example", until: null, cursor: "c" },
        { type: "release", lease: released, route: FRESH, cursor: null },
        { type: "ack", lease: acked, record: record() },
      ],
      plan: (view) => {
        seen.push(view.now, view.ready(FRESH), view.ready("host:h.example"), view.ready("none"));
        return { ...NOTHING, demand: [{ route: FRESH, count: 2 }, { route: "host:h.example", count: 2 }] };
      },
    }));
    deepEqual(settled, ["ok", "retry", "ok", "ok", "lost"]);
    deepEqual(seen, [rig.clock.now(), 3, 1, 0]);
    // What was just given back may be leased by the same exchange.
    deepEqual(leased.map(({ jobId }) => jobId), [released.jobId, 5, held.jobId]);
    deepEqual([unfinished, paused], [5, false]);
    equal(nextDueAt, rig.clock.now() + 1_050);
  });

  queueTest(`${name}: exchange() changes nothing when its planner throws`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(2));
    const lease = await rig.leaseOne("a");
    const plan = () => {
      throw new Error("no plan");
    };
    const settlements = [{ type: "ack", lease, record: record() }] as const;
    await rejects(rig.queue.exchange(exchangeOf({ settlements, plan })), /no plan/);
    deepEqual((await rig.queue.stats()).states, { queued: 1, in_progress: 1, done: 0, skipped: 0, error: 0 });
    equal(await rig.queue.ack(lease, record()), "ok");
    equal((await rig.lease("a", 9)).length, 1);
  });

  queueTest(
    `${name}: exchange() knows what is ready also after one that changed nothing`,
    backend,
    async (rig) => {
      await rig.queue.enqueue(jobs(2));
      const lease = await rig.leaseOne("a");
      const settlements = [{ type: "release", lease, route: FRESH, cursor: null }] as const;
      const plan = () => {
        throw new Error("no plan");
      };
      await rejects(rig.queue.exchange(exchangeOf({ settlements, plan })), /no plan/);
      const ready: number[] = [];
      await rig.queue.exchange(exchangeOf({ plan: (view) => (ready.push(view.ready(FRESH)), NOTHING) }));
      deepEqual(ready, [1]);
    },
  );

  queueTest(
    `${name}: exchange() counts another process as long as it lets hear from it`,
    backend,
    async (rig) => {
      const others = async () => {
        let seen: ExchangeView["foreignHolders"] = null;
        const plan = (view: ExchangeView) => (seen = view.foreignHolders, NOTHING);
        await rig.queue.exchange(exchangeOf({ heartbeat: true, plan }));
        return seen;
      };
      await rig.queue.exchange(
        exchangeOf({ workerId: "b", plan: () => ({ ...NOTHING, inFlight: '{"a":1}' }) }),
      );
      await rig.clock.advance(TTL_MS / 2);
      await rig.queue.exchange(exchangeOf({ workerId: "b", heartbeat: true }));
      await rig.clock.advance(TTL_MS * 3 / 4);
      deepEqual(await others(), [{ workerId: "b", inFlight: '{"a":1}' }]);
      // What it says it has in flight lets hear from it as well.
      await rig.queue.exchange(
        exchangeOf({ workerId: "b", plan: () => ({ ...NOTHING, inFlight: '{"a":2}' }) }),
      );
      await rig.clock.advance(TTL_MS * 3 / 4);
      deepEqual(await others(), [{ workerId: "b", inFlight: '{"a":2}' }]);
      await rig.clock.advance(TTL_MS / 4);
      // Nobody wrote meanwhile: only the time has passed.
      deepEqual(await others(), []);
    },
  );

  queueTest(`${name}: exchange() gives each stirred route out once`, backend, async (rig) => {
    const stirred = async () => {
      let routes: ReadonlySet<string> = new Set();
      await rig.queue.exchange(exchangeOf({
        plan: (view: ExchangeView) => {
          routes = view.takeStirred();
          return NOTHING;
        },
      }));
      return [...routes].sort();
    };
    await rig.queue.enqueue(jobs(2));
    deepEqual(await stirred(), [FRESH]);
    deepEqual(await stirred(), []);
    const leased = await rig.leaseOne("a");
    await rig.queue.hold(leased, rig.clock.now() + 500, "host:h.example", null);
    deepEqual(await stirred(), []);
    await rig.clock.advance(500);
    deepEqual(await stirred(), ["host:h.example"]);
  });

  queueTest(
    `${name}: exchange() tells of groups, processes and jobs of other connections`,
    backend,
    async (rig) => {
      const other = rig.another();
      await rig.queue.exchange(exchangeOf());
      await other.exchange(exchangeOf({
        workerId: "b",
        plan: () => ({ ...NOTHING, groups: [{ name: "crossref", state: "1" }], inFlight: '{"crossref":2}' }),
      }));
      await other.enqueue(jobs(3));
      const views: ExchangeView[] = [];
      const ready: number[] = [];
      const plan = (view: ExchangeView) => {
        views.push(view);
        ready.push(view.ready(FRESH));
        return NOTHING;
      };
      await rig.queue.exchange(exchangeOf({ plan }));
      await rig.queue.exchange(exchangeOf({ plan }));
      deepEqual(views.map(({ foreignGroups }) => foreignGroups), [[{ name: "crossref", state: "1" }], []]);
      deepEqual(views.map(({ foreignHolders }) => foreignHolders), [
        [{ workerId: "b", inFlight: '{"crossref":2}' }],
        null,
      ]);
      deepEqual(ready, [3, 3]);
      await other.leave("b");
      await rig.queue.exchange(exchangeOf({ plan }));
      deepEqual(views.at(-1)?.foreignHolders, []);
    },
    { needsSharing: true },
  );

  queueTest(
    `${name}: exchange() tells of each change of another connection once, and of none of its own`,
    backend,
    async (rig) => {
      const other = rig.another();
      const save = (queue: WorkQueue, workerId: string, name: string) =>
        queue.exchange(
          exchangeOf({ workerId, plan: () => ({ ...NOTHING, groups: [{ name, state: "1" }] }) }),
        );
      const foreign = async () => {
        let names: string[] = [];
        const plan = (view: ExchangeView) => (names = view.foreignGroups.map(({ name }) => name), NOTHING);
        await rig.queue.exchange(exchangeOf({ plan }));
        return names;
      };
      await save(other, "b", "crossref");
      deepEqual(await foreign(), ["crossref"]);
      await save(rig.queue, "a", "own");
      await save(other, "b", "openalex");
      deepEqual(await foreign(), ["openalex"]);
      await save(other, "b", "arxiv");
      deepEqual(await foreign(), ["arxiv"]);
      await save(other, "b", "unpaywall");
      deepEqual(await foreign(), ["unpaywall"]);
    },
    { needsSharing: true },
  );

  queueTest(`${name}: groups() gives the last state of each group`, backend, async ({ queue }) => {
    const save = (name: string, state: string) =>
      queue.exchange(exchangeOf({ plan: () => ({ ...NOTHING, groups: [{ name, state }] }) }));
    await save("b", "1");
    await save("a", "1");
    await save("b", "2");
    const groups = (await queue.groups()).toSorted((x, y) => x.name.localeCompare(y.name));
    deepEqual(groups, [{ name: "a", state: "1" }, { name: "b", state: "2" }]);
  });

  queueTest(
    `${name}: exchange() with a heartbeat tells what is held and forgets what is not`,
    backend,
    async (rig) => {
      await rig.queue.enqueue(jobs(2));
      const [mine, settled] = await rig.lease("a", 2);
      if (!mine || !settled) throw new Error("two jobs were queued");
      // Past the lease, but nobody took it back: the heartbeat of its worker comes first.
      await rig.clock.advance(TTL_MS);
      const { held } = await rig.queue.exchange(exchangeOf({
        heartbeat: true,
        settlements: [{ type: "ack", lease: settled, record: record() }],
      }));
      deepEqual(held, [{ jobId: mine.jobId, epoch: mine.epoch }]);
      equal((await rig.queue.get(mine.jobId))?.leaseUntil, rig.clock.now() + TTL_MS);
      equal((await rig.queue.exchange(exchangeOf())).nextDueAt, rig.clock.now() + TTL_MS);
    },
  );

  queueTest(
    `${name}: exchange() with a heartbeat counts what it just leased as held`,
    backend,
    async (rig) => {
      await rig.queue.enqueue(jobs(2));
      const old = await rig.leaseOne("a");
      const plan = () => ({ ...NOTHING, demand: [{ route: FRESH, count: 1 }] });
      const { held, leased } = await rig.queue.exchange(exchangeOf({ heartbeat: true, plan }));
      deepEqual(held, [old, ...leased].map(({ jobId, epoch }) => ({ jobId, epoch })));
    },
  );

  queueTest(
    `${name}: exchange() of a paused queue settles and plans but leases nothing`,
    backend,
    async (rig) => {
      await rig.queue.enqueue(jobs(2));
      const lease = await rig.leaseOne("a");
      await rig.queue.pause();
      const exchanged = await rig.queue.exchange(exchangeOf({
        settlements: [{ type: "ack", lease, record: record() }],
        plan: ({ paused }) => ({ ...NOTHING, demand: [{ route: FRESH, count: paused ? 1 : 0 }] }),
      }));
      deepEqual([exchanged.settled, exchanged.leased, exchanged.paused], [["ok"], [], true]);
    },
  );

  queueTest(`${name}: leave() gives back what was not settled`, backend, async (rig) => {
    await rig.queue.enqueue(jobs(3));
    await rig.lease("a", 2);
    const other = await rig.leaseOne("b");
    await rig.queue.leave("a");
    equal((await rig.queue.stats()).states.queued, 2);
    equal((await rig.lease("a2", 3)).length, 2);
    equal(await rig.queue.ack(other, record()), "ok");
  });
}
