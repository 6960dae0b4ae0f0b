import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { AGEING_MS, LaneBook } from "../../src/queue/mod.ts";

const ROUTE = "host:h.example";

/** Takes jobs from the book as the queue does: what was chosen is ready no more. */
function take(book: LaneBook, count: number, now = 0, route = ROUTE): Map<number, number> {
  const chosen = book.choose(route, count, now);
  for (const [lane, jobs] of chosen) book.adjust(lane, -jobs, now);
  return chosen;
}

function bookOf(...lanes: readonly { setId?: number; priority?: number; ready: number; route?: string }[]) {
  const book = new LaneBook();
  for (const [index, lane] of lanes.entries()) {
    book.put({ id: index + 1, route: ROUTE, setId: 1, priority: 0, ...lane }, 0);
  }
  return book;
}

Deno.test("choose() shares a route evenly between a set of 1,000 and a set of 1,000,000", () => {
  const book = bookOf({ setId: 1, ready: 1_000_000 }, { setId: 2, ready: 1_000 });
  const given = new Map([[1, 0], [2, 0]]);
  let claims = 0;
  while (book.lane(2)?.ready !== 0) {
    for (const [lane, jobs] of take(book, 7)) given.set(lane, (given.get(lane) ?? 0) + jobs);
    claims++;
  }
  equal(given.get(2), 1_000);
  ok(Math.abs((given.get(1) ?? 0) - 1_000) <= 7, `the large set got ${given.get(1)}`);
  equal(claims, Math.ceil(2_000 / 7));
});

Deno.test("choose() gives all to the only set that has jobs", () => {
  const book = bookOf({ setId: 1, ready: 0 }, { setId: 2, ready: 5 });
  deepEqual([...take(book, 9)], [[2, 5]]);
  deepEqual([...take(book, 9)], []);
  deepEqual([...take(book, 9, 0, "host:unknown.example")], []);
});

Deno.test("a set that was idle has no claim on the past", () => {
  const book = bookOf({ setId: 1, ready: 1_000 }, { setId: 2, ready: 0 });
  take(book, 500);
  book.adjust(2, 1_000, 0);
  const chosen = take(book, 100);
  deepEqual([chosen.get(1), chosen.get(2)], [50, 50]);
});

Deno.test("a set that once worked alone is not behind all that come later", () => {
  const book = bookOf({ setId: 1, ready: 1_000 }, { setId: 2, ready: 0 });
  equal(take(book, 1_000).get(1), 1_000);
  book.adjust(2, 1_000, 0);
  take(book, 10);
  book.adjust(1, 1, 0);
  equal(take(book, 2).get(1), 1);
});

Deno.test("a set that trickles in takes its turn at once, and no more than its turn", () => {
  const book = bookOf({ setId: 1, ready: 1_000 }, { setId: 2, ready: 0 });
  for (let round = 0; round < 50; round++) {
    book.adjust(2, 1, 0);
    const chosen = take(book, 2);
    deepEqual([chosen.get(1), chosen.get(2)], [1, 1]);
  }
});

Deno.test("a set that trickles in keeps no other from its turn", () => {
  const book = bookOf({ setId: 1, ready: 0 }, { setId: 2, ready: 1_000 });
  const given = new Map([[1, 0], [2, 0]]);
  for (let round = 0; round < 50; round++) {
    // Whenever the first is empty again it comes anew.
    if (book.lane(1)?.ready === 0) book.adjust(1, 1, 0);
    for (const [lane, jobs] of take(book, 1)) given.set(lane, (given.get(lane) ?? 0) + jobs);
  }
  deepEqual([...given], [[1, 25], [2, 25]]);
});

Deno.test("of sets that were given the same the oldest comes first, however their lanes are ordered", () => {
  const book = bookOf({ setId: 2, ready: 5 }, { setId: 1, ready: 5 });
  deepEqual([...take(book, 1)], [[2, 1]]);
});

Deno.test("within a set the lowest priority number comes first", () => {
  const book = bookOf({ priority: 5, ready: 3 }, { priority: 0, ready: 2 }, { priority: 9, ready: 3 });
  deepEqual([...take(book, 6)], [[2, 2], [1, 3], [3, 1]]);
});

Deno.test("a lane rises by one priority for each minute without service", () => {
  const book = bookOf({ priority: 3, ready: 1_000 }, { priority: 0, ready: 1_000 });
  for (let now = 0; now <= 3 * AGEING_MS; now += 1_000) deepEqual([...take(book, 1, now)], [[2, 1]]);
  // The other lane has waited for two seconds since then, which count for it.
  deepEqual([...take(book, 1, 3 * AGEING_MS + 2_000)], [[2, 1]]);
  deepEqual([...take(book, 1, 3 * AGEING_MS + 4_100)], [[1, 1]]);
  // Served once, it waits from then on.
  deepEqual([...take(book, 1, 3 * AGEING_MS + 5_000)], [[2, 1]]);
});

Deno.test("an empty lane does not age", () => {
  const book = bookOf({ priority: 3, ready: 0 }, { priority: 0, ready: 100 });
  // The other one waits no longer than the empty one would have, were its time counted.
  take(book, 1, 100 * AGEING_MS);
  book.adjust(1, 1, 100 * AGEING_MS);
  deepEqual([...take(book, 1, 100 * AGEING_MS + 1)], [[2, 1]]);
});

Deno.test("takeStirred() names routes on which jobs became ready, each once", () => {
  const book = bookOf({ ready: 2 }, { ready: 0, route: "host:idle.example" });
  deepEqual([...book.takeStirred()], [ROUTE]);
  deepEqual([...book.takeStirred()], []);
  take(book, 1);
  deepEqual([...book.takeStirred()], []);
  book.adjust(2, 1, 0);
  deepEqual([...book.takeStirred()], ["host:idle.example"]);
});

Deno.test("put() of a known lane takes over its count", () => {
  const book = bookOf({ ready: 2 });
  book.put({ id: 1, route: ROUTE, setId: 1, priority: 0, ready: 7 }, 0);
  equal(book.ready(ROUTE), 7);
  equal(book.idOf(ROUTE, 1, 0), 1);
  equal(book.idOf(ROUTE, 1, 1), undefined);
});

const lanesArbitrary = fc.uniqueArray(
  fc.record({ setId: fc.nat(3), priority: fc.nat(3), ready: fc.nat(30) }),
  { minLength: 1, maxLength: 12, selector: ({ setId, priority }) => `${setId} ${priority}` },
);

Deno.test("choose() takes as many as asked and ready, and never more than a lane has", () => {
  fc.assert(fc.property(lanesArbitrary, fc.nat(200), (lanes, count) => {
    const book = bookOf(...lanes);
    const ready = lanes.reduce((sum, lane) => sum + lane.ready, 0);
    const chosen = book.choose(ROUTE, count, 0);
    equal([...chosen.values()].reduce((sum, jobs) => sum + jobs, 0), Math.min(count, ready));
    for (const [lane, jobs] of chosen) ok(jobs <= (book.lane(lane)?.ready ?? 0));
    equal(book.ready(ROUTE), ready);
  }));
});

Deno.test("sets that have jobs all along get the same share within one", () => {
  fc.assert(
    fc.property(
      lanesArbitrary,
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 }),
      (lanes, claims) => {
        const book = bookOf(...lanes.map((lane) => ({ ...lane, ready: 100_000 })));
        const given = new Map(lanes.map(({ setId }) => [setId, 0]));
        for (const count of claims) {
          for (const [lane, jobs] of take(book, count)) {
            const set = book.lane(lane)?.setId ?? -1;
            given.set(set, (given.get(set) ?? 0) + jobs);
          }
        }
        ok(Math.max(...given.values()) - Math.min(...given.values()) <= 1);
      },
    ),
  );
});

Deno.test("no lane starves, whatever its priority", () => {
  fc.assert(fc.property(lanesArbitrary, (lanes) => {
    const book = bookOf(...lanes.map((lane) => ({ ...lane, ready: 100_000 })));
    const served = new Set<number>();
    // Every ten seconds one job: each lane must get its turn within the time that ageing needs for all of them.
    for (let now = 0; now <= 200 * AGEING_MS; now += 10_000) {
      for (const lane of take(book, 1, now).keys()) served.add(lane);
    }
    equal(served.size, lanes.length);
  }));
});
