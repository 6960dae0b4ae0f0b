import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyedLimiter } from "../../src/limits/mod.ts";
import { ManualClock, settle } from "./_manual_clock.ts";

function make(limit = 1) {
  const clock = new ManualClock();
  return { clock, limiter: new KeyedLimiter({ limit, clock }) };
}

/** Notes in `order` when the promise settles. */
function note(order: string[], name: string, promise: Promise<Disposable | null>): Promise<void> {
  return promise.then(
    (slot) => void order.push(slot ? name : `${name} late`),
    () => void order.push(`${name} aborted`),
  );
}

Deno.test("KeyedLimiter grants each key its own slots", async () => {
  const { limiter } = make(2);
  const first = await limiter.acquire("a");
  using _second = await limiter.acquire("a");
  using _other = await limiter.acquire("b");
  assert.equal(limiter.tryAcquireNow("a"), false);
  assert.equal(limiter.inUse("a"), 2);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal(limiter.inUse("a"), 1, "a second disposal gives nothing back");
});

Deno.test("KeyedLimiter serves first come, first served, and lets nobody past", async () => {
  const { limiter } = make(1);
  const order: string[] = [];
  const held = await limiter.acquire("a");
  void note(order, "one", limiter.acquire("a"));
  void note(order, "two", limiter.acquire("a"));
  assert.equal(limiter.waiting("a"), 2);
  held[Symbol.dispose]();
  assert.equal(limiter.tryAcquireNow("a"), false, "the slot went to the first waiter in the same call");
  await settle();
  assert.deepEqual(order, ["one"]);
  limiter.release("a");
  await settle();
  assert.deepEqual(order, ["one", "two"]);
});

Deno.test("KeyedLimiter.acquire() leaves the line when its signal is aborted", async () => {
  const { limiter } = make(1);
  const order: string[] = [];
  const held = await limiter.acquire("a");
  const stop = new AbortController();
  const reason = new Error("enough");
  const waiting = limiter.acquire("a", { signal: stop.signal });
  void note(order, "two", limiter.acquire("a"));
  stop.abort(reason);
  await assert.rejects(waiting, reason);
  assert.equal(limiter.waiting("a"), 1);
  held[Symbol.dispose]();
  await settle();
  assert.deepEqual(order, ["two"]);
  await assert.rejects(limiter.acquire("b", { signal: stop.signal }), reason);
  assert.equal(limiter.inUse("b"), 0);
});

Deno.test("KeyedLimiter.acquire() leaves nothing behind at a signal that outlives its wait", async () => {
  const { limiter } = make(1);
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  signal.addEventListener = (_type: string, listener: unknown) => void listening.add(listener);
  signal.removeEventListener = (_type: string, listener: unknown) => void listening.delete(listener);
  const held = await limiter.acquire("a", { signal });
  const waiting = limiter.acquire("a", { signal });
  assert.equal(listening.size, 1);
  held[Symbol.dispose]();
  await waiting;
  assert.equal(listening.size, 0);
});

Deno.test("KeyedLimiter.tryAcquire() waits as long as it was told and no longer", async () => {
  const { clock, limiter } = make(1);
  const held = await limiter.tryAcquire("a", 0);
  assert.ok(held);
  assert.equal(await limiter.tryAcquire("a", 0), null);
  const order: string[] = [];
  void note(order, "short", limiter.tryAcquire("a", 99));
  void note(order, "long", limiter.tryAcquire("a", 200));
  await clock.advance(98);
  assert.deepEqual(order, []);
  await clock.advance(1);
  assert.deepEqual(order, ["short late"]);
  held[Symbol.dispose]();
  await settle();
  assert.deepEqual(order, ["short late", "long"]);
  assert.equal(clock.timers, 0, "a granted wait leaves no timer behind");
  await assert.rejects(limiter.tryAcquire("a", -1), /timeoutMs is "-1"/);
  await assert.rejects(limiter.tryAcquire("a", NaN), RangeError);
});

Deno.test("KeyedLimiter.setLimit() applies at once, up and down, and revokes nothing", async () => {
  const { limiter } = make(1);
  const order: string[] = [];
  limiter.tryAcquireNow("a");
  for (const name of ["one", "two", "three"]) void note(order, name, limiter.acquire("a"));
  limiter.setLimit("a", 3);
  await settle();
  assert.deepEqual(order, ["one", "two"]);
  limiter.setLimit("a", 2);
  assert.equal(limiter.inUse("a"), 3);
  limiter.release("a");
  await settle();
  assert.deepEqual(order, ["one", "two"], "two are held, as many as allowed");
  limiter.release("a");
  await settle();
  assert.deepEqual(order, ["one", "two", "three"]);
  assert.equal(limiter.getLimit("a"), 2);
  assert.equal(limiter.getLimit("b"), 1);
});

Deno.test("KeyedLimiter refuses a limit below 1 and a release of nothing", () => {
  const { clock, limiter } = make(1);
  for (const limit of [0, -1, 1.5, NaN, Infinity]) {
    assert.throws(() => limiter.setLimit("a", limit), RangeError);
    assert.throws(() => new KeyedLimiter({ limit, clock }), {
      name: "RangeError",
      message: `Cannot limit concurrency: the limit "${limit}" is not a whole number of at least 1`,
    });
  }
  assert.throws(() => limiter.release("a"), { message: 'Cannot release a slot of "a": none is held' });
});

Deno.test("KeyedLimiter forgets idle keys", async () => {
  const { limiter } = make(2);
  for (let key = 0; key < 10_000; key++) {
    using _slot = await limiter.acquire(`host-${key}`);
    assert.equal(limiter.busyKeys, 1);
  }
  assert.equal(limiter.busyKeys, 0);
});

Deno.test("KeyedLimiter lets 100,000 waiters through without walking over those served", async () => {
  const { limiter } = make(1);
  limiter.tryAcquireNow("a");
  let served = 0;
  const all = Array.from({ length: 100_000 }, async () => {
    using _slot = await limiter.acquire("a");
    served++;
  });
  limiter.release("a");
  await Promise.all(all);
  assert.equal(served, 100_000);
});

/** What the limiter has to do, in the plainest form: a list of waiters a key, searched from the front. */
class Model {
  readonly limits = new Map<string, number>();
  readonly held = new Map<string, number>();
  readonly line: { readonly key: string; readonly id: number; readonly until: number }[] = [];
  readonly log: string[] = [];

  settle(key: string): void {
    for (;;) {
      const next = this.line.findIndex((waiter) => waiter.key === key);
      if (next < 0 || (this.held.get(key) ?? 0) >= (this.limits.get(key) ?? 2)) return;
      const [waiter] = this.line.splice(next, 1);
      this.held.set(key, (this.held.get(key) ?? 0) + 1);
      this.log.push(`${waiter?.id} granted`);
    }
  }
}

type Step =
  | { readonly type: "acquire" | "tryNow" | "release"; readonly key: string }
  | { readonly type: "timed"; readonly key: string; readonly ms: number }
  | { readonly type: "limit"; readonly key: string; readonly limit: number }
  | { readonly type: "abort"; readonly pick: number }
  | { readonly type: "pass"; readonly ms: number };

const key = fc.constantFrom("a", "b");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("acquire" as const), key }),
  fc.record({ type: fc.constant("tryNow" as const), key }),
  fc.record({ type: fc.constant("release" as const), key }),
  fc.record({ type: fc.constant("release" as const), key }),
  fc.record({ type: fc.constant("timed" as const), key, ms: fc.nat(50) }),
  fc.record({ type: fc.constant("limit" as const), key, limit: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ type: fc.constant("abort" as const), pick: fc.nat() }),
  fc.record({ type: fc.constant("pass" as const), ms: fc.nat(30) }),
);

Deno.test("KeyedLimiter does what its model does under any interleaving", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, limiter } = make(2);
      const model = new Model();
      const log: string[] = [];
      const stops = new Map<number, AbortController>();
      for (const [id, now] of steps.entries()) {
        switch (now.type) {
          case "acquire": {
            const stop = new AbortController();
            stops.set(id, stop);
            limiter.acquire(now.key, { signal: stop.signal })
              .then(() => log.push(`${id} granted`), () => log.push(`${id} aborted`));
            model.line.push({ key: now.key, id, until: Infinity });
            model.settle(now.key);
            break;
          }
          case "timed": {
            limiter.tryAcquire(now.key, now.ms).then((slot) =>
              log.push(`${id} ${slot ? "granted" : "late"}`)
            );
            model.line.push({ key: now.key, id, until: clock.now() + now.ms });
            model.settle(now.key);
            const last = model.line.at(-1);
            if (now.ms === 0 && last?.id === id) {
              model.line.pop();
              model.log.push(`${id} late`);
            }
            break;
          }
          case "tryNow": {
            const free = (model.held.get(now.key) ?? 0) < (model.limits.get(now.key) ?? 2);
            assert.equal(limiter.tryAcquireNow(now.key), free);
            if (free) model.held.set(now.key, (model.held.get(now.key) ?? 0) + 1);
            break;
          }
          case "release": {
            const held = model.held.get(now.key) ?? 0;
            if (held === 0) assert.throws(() => limiter.release(now.key), RangeError);
            else {
              limiter.release(now.key);
              model.held.set(now.key, held - 1);
              model.settle(now.key);
            }
            break;
          }
          case "limit":
            limiter.setLimit(now.key, now.limit);
            model.limits.set(now.key, now.limit);
            model.settle(now.key);
            break;
          case "abort": {
            const ids = [...stops.keys()];
            const target = ids[now.pick % Math.max(1, ids.length)];
            if (target === undefined) break;
            stops.get(target)?.abort();
            const at = model.line.findIndex((waiter) => waiter.id === target);
            if (at >= 0) {
              model.line.splice(at, 1);
              model.log.push(`${target} aborted`);
            }
            break;
          }
          case "pass": {
            await clock.advance(now.ms);
            for (const waiter of model.line.filter((waiter) => waiter.until <= clock.now())) {
              model.line.splice(model.line.indexOf(waiter), 1);
              model.log.push(`${waiter.id} late`);
            }
            break;
          }
        }
        await settle();
        // Those granted in one step settle in turn, but time-outs of one span fire by their own instants.
        assert.deepEqual(
          now.type === "pass" ? log.toSorted() : log,
          now.type === "pass" ? model.log.toSorted() : model.log,
        );
        if (now.type === "pass") model.log.splice(0, Infinity, ...log);
        for (const name of ["a", "b"]) {
          assert.equal(limiter.inUse(name), model.held.get(name) ?? 0);
          assert.equal(limiter.waiting(name), model.line.filter((waiter) => waiter.key === name).length);
        }
        assert.equal(limiter.busyKeys, [...model.held.values()].filter((held) => held > 0).length);
      }
    }),
    { numRuns: 500 },
  );
});
