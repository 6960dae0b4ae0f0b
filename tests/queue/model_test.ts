import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type Lease, type Settlement, SqliteWorkQueue } from "../../src/queue/mod.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { type Command, command, type How, ROUTES } from "./_commands.ts";
import { always, job, record } from "./_jobs.ts";
import { QueueModel } from "./_model.ts";

const SEQUENCES = 20_000;
const TTL_MS = 100;
const RETRY = { maxAttempts: 3, backoffMs: 50, jitterMs: 0 };

/** A real queue, emptied after each sequence: that is several times as fast as a new one. */
class Real implements Disposable {
  readonly clock = new VirtualClock();
  readonly queue = new SqliteWorkQueue({
    path: ":memory:",
    clock: this.clock,
    random: always(0),
    retry: RETRY,
  });

  /** Ends every job and forgets it. */
  async empty(): Promise<void> {
    await this.queue.resume();
    await this.clock.advance(10_000);
    const leased = await this.queue.lease("last", ROUTES.map((route) => ({ route, count: 99 })), TTL_MS);
    await this.queue.exchange({
      workerId: "last",
      leaseTtlMs: TTL_MS,
      heartbeat: false,
      settlements: leased.map((lease) => ({ type: "ack", lease, record: record() })),
      plan: () => ({ demand: [], groups: [], inFlight: null }),
    });
    await this.clock.advance(1);
    await this.queue.prune({ finishedBefore: this.clock.now() });
    equal((await this.queue.stats()).total, 0);
  }

  [Symbol.dispose](): void {
    this.queue[Symbol.dispose]();
  }
}

/** The real queue and the model, given the same commands. */
class Pair {
  readonly clock: VirtualClock;
  readonly queue: SqliteWorkQueue;
  readonly model = new QueueModel(RETRY);
  /** Every lease that was ever given out, the latest first. */
  readonly #leases: Lease[] = [];
  readonly #given = new Set<string>();

  constructor(real: Real) {
    this.clock = real.clock;
    this.queue = real.queue;
  }

  async run(command: Command): Promise<void> {
    const now = this.clock.now();
    switch (command.type) {
      case "wait":
        return await this.clock.advance(command.ms);
      case "enqueue": {
        const jobs = command.numbers.map((n) => job(n));
        const { added } = await this.queue.enqueue(jobs);
        equal(added, this.model.enqueue(jobs.map(({ artifactId }) => artifactId), ROUTES[0]));
        return await this.#learnIds();
      }
      case "lease":
        return await this.#exchange(
          command.worker,
          [],
          [{ route: command.route, count: command.count }],
          false,
        );
      case "exchange": {
        const settlements = command.settles.flatMap(({ nth, how }) => this.#settlement(nth, how));
        const demand = ROUTES.map((route) => ({ route, count: command.count }));
        return await this.#exchange(command.worker, settlements, demand, command.heartbeat);
      }
      case "settle":
        for (const settlement of this.#settlement(command.nth, command.how)) {
          await this.#settle(settlement, now);
        }
        return;
      case "heartbeat":
        return deepEqual(
          sorted(await this.queue.heartbeat(command.worker, TTL_MS)),
          sorted(this.model.heartbeat(command.worker, now + TTL_MS)),
        );
      case "retryFailed":
        return equal(await this.queue.retryFailed(), this.model.retryFailed(ROUTES[0]));
      case "pause":
      case "resume":
        this.model.paused = command.type === "pause";
        return await this.queue[command.type]();
    }
  }

  /** Compares every job, the counters and the counts by route. */
  async compare(): Promise<void> {
    const jobs = await Promise.all(this.model.jobs.map(({ id }) => this.queue.get(id)));
    deepEqual(
      jobs.map((each) =>
        each &&
        [
          each.artifactId,
          each.state,
          each.attempts,
          each.epoch,
          each.holder,
          each.leaseUntil ?? 0,
          each.route,
          each.dueAt ?? 0,
          each.cursor,
        ]
      ),
      this.model.jobs.map((
        each,
      ) => [
        each.artifactId,
        each.state,
        each.attempts,
        each.epoch,
        each.holder,
        each.leaseUntil,
        each.route,
        each.dueAt,
        each.cursor,
      ]),
    );
    deepEqual((await this.queue.stats()).states, this.model.counts());
    for (const each of this.model.jobs) ok(each.attempts <= RETRY.maxAttempts);
    deepEqual((await this.queue.check()).counters, []);
  }

  async #learnIds(): Promise<void> {
    let last = 0;
    for (const each of this.model.jobs) {
      if (each.id === 0) each.id = (await this.queue.get(each.artifactId))?.jobId ?? 0;
      ok(each.id > last, "ids follow the order of arrival");
      last = each.id;
    }
  }

  async #exchange(
    workerId: string,
    settlements: readonly Settlement[],
    demand: readonly { readonly route: string; readonly count: number }[],
    heartbeat: boolean,
  ): Promise<void> {
    const now = this.clock.now(), leaseUntil = now + TTL_MS;
    const settled = settlements.map((settlement) => this.model.settle(settlement, now));
    const extended = heartbeat ? this.model.heartbeat(workerId, leaseUntil) : null;
    this.model.advance(now);
    const ready = ROUTES.map((route) => this.model.ready(route).length);
    const leased = demand.flatMap(({ route, count }) => this.model.lease(workerId, route, count, leaseUntil));
    const exchanged = await this.queue.exchange({
      workerId,
      leaseTtlMs: TTL_MS,
      settlements,
      heartbeat,
      plan: (view) => {
        deepEqual(ROUTES.map((route) => view.ready(route)), ready);
        return { demand, groups: [], inFlight: null };
      },
    });
    const claims = leased.map(({ id, epoch }) => ({ jobId: id, epoch }));
    deepEqual(exchanged.settled, settled);
    deepEqual(exchanged.leased.map(({ jobId, epoch }) => ({ jobId, epoch })), claims);
    deepEqual(exchanged.held && sorted(exchanged.held), extended && sorted([...extended, ...claims]));
    const { queued, in_progress } = this.model.counts();
    deepEqual([exchanged.unfinished, exchanged.paused], [queued + in_progress, this.model.paused]);
    for (const { jobId, epoch } of claims) {
      ok(!this.#given.has(`${jobId}/${epoch}`), "no epoch is given twice");
      this.#given.add(`${jobId}/${epoch}`);
    }
    this.#leases.unshift(...claims);
  }

  async #settle(settlement: Settlement, now: number): Promise<void> {
    const expected = this.model.settle(settlement, now);
    switch (settlement.type) {
      case "ack":
        return equal(await this.queue.ack(settlement.lease, settlement.record), expected);
      case "retry":
        return equal(await this.queue.failAndRetry(settlement.lease, settlement), expected);
      case "hold": {
        const { lease, until, route, cursor } = settlement;
        return equal(await this.queue.hold(lease, until, route, cursor), expected);
      }
      case "release": {
        const { lease, route, cursor } = settlement;
        const rest = { artifactId: "", metadata: null, attempts: 0, leaseUntil: 0 };
        return await this.queue.release([{ ...lease, ...rest, route, cursor }]);
      }
    }
  }

  #settlement(nth: number, how: How): Settlement[] {
    const lease = this.#leases[nth];
    if (!lease) return [];
    switch (how.type) {
      case "ack":
        return [{ type: "ack", lease, record: record(how.reason) }];
      case "retry":
        return [{ ...how, type: "retry", lease, record: record("timeout"), message: "no answer" }];
      case "release":
        return [{ ...how, type: "release", lease }];
      case "hold":
        return [{ ...how, lease, until: how.delayMs === null ? null : this.clock.now() + how.delayMs }];
    }
  }
}

function sorted(leases: readonly Lease[]): Lease[] {
  return leases.toSorted((a, b) => a.jobId - b.jobId);
}

Deno.test("the queue does what its model does, in any sequence of commands", async () => {
  const seed = Math.trunc(crypto.getRandomValues(new Int32Array(1))[0] ?? 0);
  console.log(`seed ${seed}`);
  const sequence = fc.array(command, { minLength: 1, maxLength: 24, size: "max" });
  let real = new Real();
  using _last = { [Symbol.dispose]: () => real[Symbol.dispose]() };
  await fc.assert(
    fc.asyncProperty(sequence, async (commands) => {
      const pair = new Pair(real);
      try {
        for (const each of commands) await pair.run(each);
        await pair.compare();
      } catch (error) {
        // What is left of a failure must not fail the next sequence, by which this one is shrunk.
        real[Symbol.dispose]();
        real = new Real();
        throw error;
      }
      await real.empty();
    }),
    { seed, numRuns: SEQUENCES },
  );
});
