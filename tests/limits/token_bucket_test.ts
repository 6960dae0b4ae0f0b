import assert from "node:assert/strict";
import fc from "fast-check";
import { TokenBucket } from "../../src/limits/mod.ts";
import { ManualClock, settle } from "./_manual_clock.ts";

function make(capacity = 10, refillPerSecond = 2, level = capacity) {
  const clock = new ManualClock();
  return { clock, bucket: new TokenBucket({ capacity, refillPerSecond, clock, level }) };
}

Deno.test("TokenBucket gives its burst, then its rate", async () => {
  const { clock, bucket } = make(10, 2);
  assert.equal(bucket.tryConsume(10), true);
  assert.equal(bucket.tryConsume(1), false);
  assert.equal(bucket.nextAt(1), clock.now() + 500);
  await clock.advance(499);
  assert.equal(bucket.tryConsume(1), false);
  await clock.advance(1);
  assert.equal(bucket.tryConsume(1), true);
  await clock.advance(60_000);
  assert.equal(bucket.level(), 10, "never above its capacity");
});

Deno.test("TokenBucket.hold() keeps the place of tokens that are not used yet", async () => {
  const { clock, bucket } = make(3, 1);
  assert.equal(bucket.tryConsume(2), true);
  bucket.hold(2, clock.now());
  await clock.advance(60_000);
  assert.equal(bucket.level(), 1, "the two that are held would overflow it");
  assert.equal(bucket.tryConsume(2), false);
  // One was used a second ago, and its place has been filling since.
  bucket.hold(1, clock.now() - 1_000);
  assert.equal(bucket.level(), 1);
  assert.equal(bucket.nextAt(2), clock.now() + 1_000);
  bucket.hold(0, clock.now());
  await clock.advance(60_000);
  assert.equal(bucket.level(), 3);
  for (const wrong of [-1, NaN]) assert.throws(() => bucket.hold(wrong, clock.now()), RangeError);
});

Deno.test("TokenBucket.consume() serves in order and tryConsume() does not pass", async () => {
  const { clock, bucket } = make(10, 2, 0);
  const order: string[] = [];
  void bucket.consume(4).then(() => order.push("four"));
  void bucket.consume(1).then(() => order.push("one"));
  await clock.advance(1_999);
  assert.equal(bucket.tryConsume(1), false, "three are there, but four come first");
  assert.deepEqual(order, []);
  await clock.advance(1);
  assert.deepEqual(order, ["four"]);
  await clock.advance(500);
  assert.deepEqual(order, ["four", "one"]);
  assert.equal(clock.timers, 0);
});

Deno.test("TokenBucket.consume() leaves the line when its signal is aborted, for the others to move up", async () => {
  const { clock, bucket } = make(10, 2, 1);
  const stop = new AbortController();
  const large = bucket.consume(9, { signal: stop.signal });
  const small = bucket.consume(1);
  const reason = new Error("enough");
  stop.abort(reason);
  await assert.rejects(large, reason);
  await small;
  assert.equal(bucket.level(), 0);
  assert.equal(clock.timers, 0);
  await assert.rejects(bucket.consume(1, { signal: stop.signal }), reason);
});

Deno.test("TokenBucket.refund() gives back, wakes waiters and never overflows", async () => {
  const { bucket } = make(10, 0.001, 10);
  bucket.tryConsume(10);
  let served = false;
  void bucket.consume(5).then(() => served = true);
  bucket.refund(4);
  await settle();
  assert.equal(served, false);
  bucket.refund(1);
  await settle();
  assert.equal(served, true);
  bucket.refund(1_000);
  assert.equal(bucket.level(), 10);
  assert.equal(bucket.tryConsume(10), true);
  assert.equal(bucket.tryConsume(1), false, "the overflow is lost");
});

Deno.test("TokenBucket.setRate() applies at once and refuses waiters that can never be served", async () => {
  const { clock, bucket } = make(10, 1, 0);
  const nine = bucket.consume(9);
  let served = false;
  void bucket.consume(2).then(() => served = true);
  bucket.setRate({ capacity: 5 });
  await assert.rejects(nine, { message: 'Cannot take tokens: "9" is more than the bucket\'s capacity of 5' });
  bucket.setRate({ refillPerSecond: 20 });
  await clock.advance(100);
  assert.equal(served, true);
  assert.equal(bucket.capacity, 5);
  assert.equal(bucket.refillPerSecond, 20);
});

Deno.test("TokenBucket refuses a rate or a capacity of 0 and more tokens than it can hold", () => {
  const { clock, bucket } = make(10, 2);
  for (const bad of [0, -1, NaN, Infinity]) {
    assert.throws(() => new TokenBucket({ capacity: bad, refillPerSecond: 1, clock }), {
      name: "RangeError",
      message: `Cannot make a token bucket: capacity is "${bad}", not a finite number above 0`,
    });
    assert.throws(() => new TokenBucket({ capacity: 1, refillPerSecond: bad, clock }), RangeError);
    assert.throws(() => bucket.setRate({ refillPerSecond: bad }), RangeError);
  }
  for (const bad of [-1, NaN, 11, Infinity]) {
    assert.throws(() => bucket.tryConsume(bad), RangeError);
    assert.throws(() => bucket.nextAt(bad), RangeError);
  }
  assert.throws(() => bucket.refund(-1), RangeError);
  assert.equal(bucket.level(), 10);
});

Deno.test("TokenBucket.consume() rejects more tokens than it can hold", async () => {
  await assert.rejects(make(10).bucket.consume(11), RangeError);
});

Deno.test("TokenBucket.restore() goes on from a snapshot", () => {
  const { clock, bucket } = make(10, 2);
  bucket.tryConsume(9);
  const snapshot = bucket.snapshot();
  assert.deepEqual(snapshot, { level: 1, at: clock.now() });
  clock.step(clock.now() + 1_000);
  const next = new TokenBucket({ capacity: 10, refillPerSecond: 2, clock });
  next.restore(snapshot);
  assert.equal(next.level(), 3);
  next.restore({ level: 99, at: clock.now() });
  assert.equal(next.level(), 10);
  next.restore({ level: -5, at: clock.now() });
  assert.equal(next.level(), 0);
  assert.throws(() => next.restore({ level: NaN, at: 0 }), RangeError);
});

Deno.test("TokenBucket.restore() serves those who wait", async () => {
  const { clock, bucket } = make(10, 0.001, 0);
  let served = false;
  void bucket.consume(5).then(() => served = true);
  bucket.restore({ level: 5, at: clock.now() });
  await settle();
  assert.equal(served, true);
  assert.equal(bucket.level(), 0);
});

Deno.test("TokenBucket.restore() of a snapshot from far ahead does not close the bucket until then", () => {
  const { clock, bucket } = make(10, 2);
  bucket.restore({ level: 0, at: clock.now() + 86_400_000 });
  assert.equal(bucket.level(), 0);
  clock.step(clock.now() + 1_000);
  assert.equal(bucket.level(), 2);
});

Deno.test("TokenBucket gives the same milliseconds once to a clock that trembles", () => {
  const { clock, bucket } = make(10, 1_000, 0);
  const start = clock.now();
  for (let turn = 0; turn < 100; turn++) {
    clock.step(start - turn % 2);
    bucket.level();
  }
  clock.step(start);
  assert.equal(bucket.level(), 0);
});

const rate = fc.oneof(
  fc.constantFrom(1 / 3, 0.1, 0.2, 3, 7, 10, 1e-3, 100_000 / 86_400),
  fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
);
const capacity = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.double({ min: 1, max: 1e6, noNaN: true }));
const move = fc.tuple(fc.nat(20_000), fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean());

Deno.test("TokenBucket grants at most capacity + rate × span over every span", () => {
  fc.assert(
    fc.property(capacity, rate, fc.array(move, { maxLength: 80 }), (capacity, refillPerSecond, moves) => {
      const { clock, bucket } = make(capacity, refillPerSecond);
      const grants: { readonly at: number; readonly tokens: number }[] = [];
      for (const [ms, part, whole] of moves) {
        clock.step(clock.now() + ms);
        const tokens = whole ? Math.max(1, Math.floor(part * Math.min(5, capacity))) : part * capacity;
        if (bucket.tryConsume(tokens)) grants.push({ at: clock.now(), tokens });
        const level = bucket.level();
        assert.ok(level >= 0 && level <= capacity);
      }
      for (let from = 0; from < grants.length; from++) {
        let total = 0;
        for (const { at, tokens } of grants.slice(from)) {
          total += tokens;
          const allowed = capacity + refillPerSecond * (at - (grants[from]?.at ?? 0)) / 1000;
          assert.ok(total <= allowed * (1 + 1e-12), `${total} granted, ${allowed} allowed`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("TokenBucket.nextAt() is neither early nor late by more than a millisecond", () => {
  fc.assert(
    fc.property(
      capacity,
      rate,
      fc.array(move, { minLength: 1, maxLength: 40 }),
      (capacity, refillPerSecond, moves) => {
        const { clock, bucket } = make(capacity, refillPerSecond);
        for (const [ms, part] of moves) {
          clock.step(clock.now() + ms);
          const tokens = part * capacity;
          const at = bucket.nextAt(tokens);
          if (at > clock.now()) {
            clock.step(Math.max(clock.now(), at - 2));
            assert.ok(bucket.level() < tokens, "not before");
            clock.step(at);
          }
          assert.equal(bucket.tryConsume(tokens), true, "at that instant");
        }
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("TokenBucket.nextAt() is not early where an instant has no room for the fraction of a millisecond", () => {
  const { clock, bucket } = make(1, 1000 / 100.00001, 0);
  clock.step(bucket.nextAt(1));
  assert.equal(bucket.tryConsume(1), true);
});

Deno.test("TokenBucket does not drift: a million grants at the rate's own pace take exactly as long as they must", () => {
  const { clock, bucket } = make(1, 3, 0);
  const start = clock.now();
  for (let taken = 0; taken < 1_000_000; taken++) {
    clock.step(bucket.nextAt(1));
    assert.equal(bucket.tryConsume(1), true);
  }
  // Each grant waits for the next whole millisecond, and what the bucket could not hold by then is lost.
  const tookMs = clock.now() - start;
  assert.ok(tookMs >= 1_000_000 / 3 * 1000 - 1e-3, `${tookMs} ms`);
  assert.ok(tookMs <= 334 * 1_000_000, `${tookMs} ms`);
});

Deno.test("TokenBucket survives any clock", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e15, max: 1e15, noNaN: true }), { maxLength: 50 }),
      (instants) => {
        const { clock, bucket } = make(5, 3);
        for (const instant of instants) {
          clock.step(instant);
          bucket.tryConsume(1);
          assert.ok(bucket.level() >= 0 && bucket.level() <= 5);
        }
      },
    ),
  );
});
