import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { ADAPTIVE_DEFAULTS, GroupBook, type GroupLimits } from "../../src/limits/mod.ts";
import type { RateWindow } from "../../src/model/rate.ts";
import type { Closed, Feedback, Permit } from "../../src/model/permit.ts";
import { SqliteWorkQueue } from "../../src/queue/mod.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { always } from "../queue/_jobs.ts";
import { answered, limits } from "./_groups.ts";

const TTL_MS = 60_000;

function makeBook(known: Record<string, GroupLimits> = {}) {
  const clock = new VirtualClock();
  let news = 0;
  const book = new GroupBook({
    clock,
    limitsOf: (name) => known[name] ?? limits(),
    onNews: () => void news++,
  });
  const view = (name: string) => book.views().find((one) => one.name === name);
  return { book, clock, known, view, news: () => news };
}

function granted(answer: Permit | Closed): Permit {
  if (answer.type === "closed") throw new Error(`${answer.group} is closed: ${answer.why}`);
  return answer;
}

Deno.test("acquire() takes all groups or none, and names the one that opens last", () => {
  const { book, view, clock } = makeBook({
    busy: limits({ concurrency: 1 }),
    daily: limits({ windows: [{ limit: 1, perMs: 86_400_000 }] }),
  });
  granted(book.acquire(["busy", "daily"]));
  const closed = book.acquire(["open", "busy", "daily"]);
  if (closed.type === "permit") throw new Error("two groups are closed");
  deepEqual([closed.group, closed.why], ["daily", "rate"]);
  equal(closed.until >= clock.now() + 86_400_000, true);
  equal(view("open")?.inFlight, 0);
  equal(view("open")?.group.state.seen.requests, 0);
});

Deno.test("acquire() counts a group that is named twice once", () => {
  const { book, view } = makeBook();
  deepEqual(granted(book.acquire(["a", "a"])).groups, ["a"]);
  equal(view("a")?.inFlight, 1);
});

Deno.test("acquire() of nothing charges nobody", () => {
  const { book } = makeBook();
  granted(book.acquire([]))[Symbol.dispose]();
  book.settle();
  deepEqual(book.views(), []);
});

Deno.test("room() of several groups is that of the tightest", () => {
  const { book } = makeBook({ a: limits({ concurrency: 7 }), b: limits({ concurrency: 3 }) });
  equal(book.room(["a", "b"]).count, 3);
  equal(book.room([]).count, Number.MAX_SAFE_INTEGER);
});

Deno.test("room() and acquire() of several closed groups tell of the one that opens last, whatever their order", () => {
  const { book } = makeBook({
    soon: limits({ windows: [{ limit: 1, perMs: 1_000 }] }),
    late: limits({ windows: [{ limit: 1, perMs: 60_000 }] }),
  });
  granted(book.acquire(["soon", "late"]));
  const { until } = book.room(["late"]);
  for (const names of [["soon", "late"], ["late", "soon"]]) {
    equal(book.room(names).until, until);
    const closed = book.acquire(names);
    deepEqual(closed.type === "closed" && [closed.group, closed.until], ["late", until]);
  }
});

Deno.test("a permit's disposal gives its slot back at the next settle, once", () => {
  const { book, view, news } = makeBook({ a: limits({ concurrency: 2 }) });
  const permit = granted(book.acquire(["a"]));
  granted(book.acquire(["a"]));
  permit.report(answered());
  permit[Symbol.dispose]();
  permit[Symbol.dispose]();
  equal(news(), 3, "it left, was answered and is given back");
  equal(book.acquire(["a"]).type, "closed");
  book.settle();
  equal(view("a")?.inFlight, 1);
});

Deno.test("a permit that never left is given back, one that left is not", () => {
  const day = { dailyBudget: { limit: 1 } };
  const reports: readonly (readonly [Feedback | null, number])[] = [
    [null, 1],
    [{ type: "failed", reason: "connect-failed" }, 1],
    [{ type: "failed", reason: "timeout" }, 0],
    [{ type: "failed", reason: "unanswered" }, 0],
    [answered(), 0],
    [answered(500), 0],
  ];
  for (const [report, left] of reports) {
    const { book } = makeBook({ a: limits(day) });
    const permit = granted(book.acquire(["a"]));
    if (report) permit.report(report);
    permit[Symbol.dispose]();
    book.settle();
    equal(book.room(["a"]).count, left, JSON.stringify(report));
  }
});

Deno.test("a request that left after another try that did not is charged", () => {
  const { book } = makeBook({ a: limits({ dailyBudget: { limit: 1 } }) });
  const permit = granted(book.acquire(["a"]));
  permit.report({ type: "failed", reason: "connect-failed" });
  permit.report(answered());
  permit[Symbol.dispose]();
  book.settle();
  equal(book.room(["a"]).count, 0);
});

Deno.test("the distance to the next request counts from where the one before left", async () => {
  const gentle = limits({ adaptive: { start: "gentle", options: ADAPTIVE_DEFAULTS } });
  const rated = limits({ windows: [{ limit: 1, perMs: 1_000 }] });
  for (const [name, rules, distanceMs] of [["gentle", gentle, 1_021], ["rated", rated, 1_025]] as const) {
    const { book, clock } = makeBook({ [name]: rules });
    const first = granted(book.acquire([name]));
    // As where a plugin has to be started first.
    await clock.advance(5_000);
    equal(book.acquire([name]).type, "closed", name);
    first.depart();
    first.report(answered());
    first[Symbol.dispose]();
    await clock.advance(distanceMs - 1);
    book.settle();
    equal(book.acquire([name]).type, "closed", name);
    await clock.advance(1);
    granted(book.acquire([name]));
  }
});

Deno.test("a request that does not leave keeps the next one waiting until it is given back", async () => {
  const { book, clock } = makeBook({ a: limits({ windows: [{ limit: 1, perMs: 1_000 }] }) });
  const first = granted(book.acquire(["a"]));
  await clock.advance(5_000);
  equal(book.acquire(["a"]).type, "closed");
  first[Symbol.dispose]();
  book.settle();
  granted(book.acquire(["a"]));
});

Deno.test("a report without a word of departure counts from the grant", async () => {
  const { book, clock } = makeBook({ a: limits({ windows: [{ limit: 1, perMs: 1_000 }] }) });
  granted(book.acquire(["a"])).report(answered());
  await clock.advance(1_025);
  book.settle();
  granted(book.acquire(["a"]));
});

Deno.test("a request departs once: what comes of it counts from there", async () => {
  const gentle = limits({ adaptive: { start: "gentle", options: ADAPTIVE_DEFAULTS } });
  const { book, clock, view } = makeBook({ a: gentle });
  const permit = granted(book.acquire(["a"]));
  permit.depart();
  const departedAt = clock.now();
  await clock.advance(500);
  permit.depart();
  permit.report(answered());
  book.settle();
  equal(view("a")?.group.state.adaptive?.lastOkStartMs, departedAt);
});

Deno.test("a request that left stays charged when another try does not leave", () => {
  const { book } = makeBook({ a: limits({ dailyBudget: { limit: 1 } }) });
  const permit = granted(book.acquire(["a"]));
  permit.report(answered());
  permit.report({ type: "failed", reason: "connect-failed" });
  permit[Symbol.dispose]();
  book.settle();
  equal(book.room(["a"]).count, 0);
});

Deno.test("takeInFlight() tells of each request whether it has left", () => {
  const { book } = makeBook();
  const [first, second, third] = [1, 2, 3].map(() => granted(book.acquire(["a"])));
  second?.depart();
  first?.[Symbol.dispose]();
  book.settle();
  equal(book.takeInFlight(), '{"a":{"inFlight":2,"pending":1}}');
  second?.[Symbol.dispose]();
  book.settle();
  equal(book.takeInFlight(), '{"a":{"inFlight":1,"pending":1}}');
  third?.depart();
  book.settle();
  equal(book.takeInFlight(), '{"a":{"inFlight":1,"pending":0}}');
});

Deno.test("adoptInFlight() adds up what several processes have under way", () => {
  const { book } = makeBook({ a: limits({ concurrency: 6 }) });
  const one = { inFlight: JSON.stringify({ a: { inFlight: 2, pending: 0 } }) };
  book.adoptInFlight([one, one]);
  equal(book.room(["a"]).count, 2);
  book.adoptInFlight([one]);
  equal(book.room(["a"]).count, 4);
});

Deno.test("adoptInFlight() keeps waiting for requests of other processes that have not left", async () => {
  const { book, clock } = makeBook({ a: limits({ windows: [{ limit: 1, perMs: 1_000 }] }) });
  const holders = (...pending: number[]) =>
    pending.map((count) => ({ inFlight: JSON.stringify({ a: { inFlight: 1, pending: count } }) }));
  book.adoptInFlight(holders(1, 0));
  await clock.advance(5_000);
  equal(book.room(["a"]).count, 0);
  granted(book.acquire(["b"]))[Symbol.dispose]();
  book.settle();
  equal(book.room(["a"]).count, 0);
  book.adoptInFlight([]);
  await clock.advance(1_025);
  equal(book.room(["a"]).count, 1);
});

Deno.test("paced() gives the groups under adaptive control, with what is in flight here", () => {
  const { book } = makeBook({
    a: limits({ adaptive: { start: "gentle", options: ADAPTIVE_DEFAULTS } }),
  });
  granted(book.acquire(["a", "fixed"]));
  const paced = [...book.paced()].map((
    { group, perRequestMs, inFlight },
  ) => [group.name, perRequestMs, inFlight]);
  deepEqual(paced, [["a", 1_000 / 0.98, 1]]);
});

Deno.test("a refusal closes its groups for all before anybody else starts", () => {
  const { book, clock } = makeBook();
  const permit = granted(book.acquire(["a", "b"]));
  permit.report(answered(429, { "retry-after": "120" }));
  book.settle();
  for (const name of ["a", "b"]) {
    const closed = book.acquire([name]);
    deepEqual(closed, {
      type: "closed",
      group: name,
      until: clock.now() + 120_000,
      why: "cool-down",
      needs: [name],
    });
  }
});

Deno.test("takeStirred() names what news has touched, each once", () => {
  const { book } = makeBook();
  const permit = granted(book.acquire(["a", "b"]));
  deepEqual([...book.takeStirred()], []);
  permit[Symbol.dispose]();
  book.settle();
  deepEqual([...book.takeStirred()], ["a", "b"]);
  deepEqual([...book.takeStirred()], []);
  book.adoptInFlight([{ inFlight: JSON.stringify({ c: { inFlight: 1, pending: 0 } }) }]);
  book.adoptInFlight([]);
  deepEqual([...book.takeStirred()], ["c"], "what another process had in flight has ended");
  book.adopt([{ name: "d", state: "{}" }]);
  deepEqual([...book.takeStirred()], ["d"], "another process, or an operator, changed it");
});

Deno.test("takeChanges() and takeInFlight() give out what is new, once", () => {
  const { book } = makeBook();
  equal(book.takeInFlight(), "{}");
  const permit = granted(book.acquire(["a"]));
  deepEqual(book.takeChanges().map(({ name }) => name), ["a"]);
  equal(book.takeInFlight(), '{"a":{"inFlight":1,"pending":1}}');
  deepEqual([book.takeChanges(), book.takeInFlight()], [[], null]);
  permit[Symbol.dispose]();
  book.settle();
  deepEqual(book.takeChanges().map(({ name }) => name), ["a"]);
  equal(book.takeInFlight(), "{}");
});

Deno.test("what one book gives out another takes over", () => {
  const rules = { a: limits({ dailyBudget: { limit: 5 } }) };
  const before = makeBook(rules).book;
  const permit = granted(before.acquire(["a"]));
  permit.report(answered(429, { "retry-after": "5000" }));
  permit[Symbol.dispose]();
  before.settle();
  const { book, clock } = makeBook(rules);
  book.adopt(before.takeChanges());
  equal(book.room(["a"]).until, clock.now() + 5_000_000);
  equal(book.views()[0]?.group.state.budget.used, 1);
});

Deno.test("a row that cannot be read counts as fresh", () => {
  const { book } = makeBook();
  book.adopt([{ name: "a", state: "{" }]);
  equal(book.room(["a"]).count, 100);
  for (const inFlight of ["", '{"a":2}']) book.adoptInFlight([{ inFlight }]);
  equal(book.room(["a"]).count, 100);
});

Deno.test("reconfigure() makes new limits hold at once, upwards and downwards", () => {
  const { book, known, news } = makeBook({ a: limits({ concurrency: 5 }) });
  granted(book.acquire(["a"]));
  known["a"] = limits({ concurrency: 1 });
  book.reconfigure();
  equal(book.room(["a"]).count, 0);
  known["a"] = limits({ concurrency: 9 });
  book.reconfigure();
  equal(book.room(["a"]).count, 8);
  equal(news(), 2);
  deepEqual([...book.takeStirred()], ["a"]);
});

/** One process of several: its book, its connection and its permits. */
class Process {
  readonly #id: string;
  readonly #queue: SqliteWorkQueue;
  readonly #book: GroupBook;
  readonly held: Permit[] = [];
  #gone = false;
  /** Of these, those that have left. */
  readonly #left = new Set<Permit>();

  constructor(id: string, queue: SqliteWorkQueue, clock: VirtualClock, rules: GroupLimits) {
    this.#id = id;
    this.#queue = queue;
    this.#book = new GroupBook({ clock, limitsOf: () => rules, onNews: () => {} });
  }

  /** One exchange as the pump makes it, which tries to start `wanted` requests; gives how many started. */
  async beat(wanted: number): Promise<number> {
    let started = 0;
    await this.#queue.exchange({
      workerId: this.#id,
      leaseTtlMs: TTL_MS,
      heartbeat: false,
      settlements: [],
      plan: (view) => {
        const book = this.#book;
        book.adopt(view.foreignGroups);
        if (view.foreignHolders) book.adoptInFlight(view.foreignHolders);
        book.settle();
        for (let n = 0; n < wanted; n++) {
          const permit = book.acquire(["api"]);
          if (permit.type === "closed") break;
          this.held.push(permit);
          started++;
        }
        return { demand: [], groups: book.takeChanges(), inFlight: book.takeInFlight() };
      },
    });
    return started;
  }

  /** Up to `most` of the requests that were granted leave; gives how many do. */
  depart(most = Infinity): number {
    const waiting = this.held.filter((permit) => !this.#left.has(permit)).slice(0, most);
    for (const permit of waiting) {
      permit.depart();
      this.#left.add(permit);
    }
    return waiting.length;
  }

  /** The oldest request ends: with an answer if it had left. */
  end(): void {
    const permit = this.held.shift();
    if (permit && this.#left.delete(permit)) permit.report(answered());
    permit?.[Symbol.dispose]();
  }

  /** Ends the process; it may have ended before. */
  async leave(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    await this.#queue.leave(this.#id);
    this.#queue[Symbol.dispose]();
  }
}

/** Two processes on one file. */
async function together(
  rules: GroupLimits,
  work: (processes: readonly Process[], clock: VirtualClock) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12));
    const retry = { maxAttempts: 3, backoffMs: 1_000, jitterMs: 0 };
    // The line of writers moves in real time; a virtual clock would wait for ever.
    const options = { path: `${folder}/queue.sqlite`, clock, random: always(0.5), retry, line: false };
    const processes = ["one", "two"].map((id) => new Process(id, new SqliteWorkQueue(options), clock, rules));
    await work(processes, clock);
    for (const process of processes) await process.leave();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const steps = fc.array(
  fc.record({
    process: fc.constantFrom(0, 1),
    waitMs: fc.oneof(fc.constant(0), fc.nat(60), fc.nat(1_500)),
    departs: fc.nat(4),
    ends: fc.nat(3),
    wanted: fc.nat(4),
  }),
  { minLength: 20, maxLength: 80 },
);

Deno.test("several processes together stay within concurrency, window and budget", async () => {
  const window: RateWindow = { limit: 6, perMs: 1_000 };
  const rules = limits({ concurrency: 4, windows: [window], dailyBudget: { limit: 20 } });
  const property = fc.asyncProperty(steps, (items) =>
    together(rules, async (processes, clock) => {
      const starts: number[] = [];
      for (const { process, waitMs, departs, ends, wanted } of items) {
        await clock.advance(waitMs);
        const one = processes[process];
        // A request may leave long after it was granted, and between two beats.
        for (let n = one?.depart(departs) ?? 0; n > 0; n--) starts.push(clock.now());
        for (let n = 0; n < ends; n++) one?.end();
        await one?.beat(wanted);
        const inFlight = processes.reduce((sum, { held }) => sum + held.length, 0);
        equal(inFlight <= rules.concurrency, true, `${inFlight} requests at once`);
      }
      equal(starts.length <= 20, true, `${starts.length} requests a day`);
      for (const [index, at] of starts.entries()) {
        const later = starts[index + window.limit];
        equal(
          later === undefined || later - at >= window.perMs,
          true,
          `seven starts within ${window.perMs} ms`,
        );
      }
    }));
  await fc.assert(property, { numRuns: 25 });
});

Deno.test("what one process uses of the budget the other cannot, and what it gives back it can", async () => {
  await together(limits({ dailyBudget: { limit: 3 } }), async ([one, two]) => {
    equal(await one?.beat(2), 2);
    equal(await two?.beat(5), 1);
    equal(await two?.beat(5), 0);
    one?.end();
    equal(await one?.beat(0), 0);
    equal(await two?.beat(5), 1);
  });
});

Deno.test("what one process starts counts in the window of the other", async () => {
  await together(limits({ windows: [{ limit: 1, perMs: 60_000 }] }), async ([one, two], clock) => {
    for (const [starting, waiting] of [[one, two], [two, one]]) {
      equal(await starting?.beat(1), 1);
      starting?.depart();
      starting?.end();
      equal(await starting?.beat(0), 0);
      await clock.advance(59_000);
      equal(await waiting?.beat(1), 0);
      await clock.advance(2_000);
    }
  });
});

Deno.test("a slot that one process gives back the other can take", async () => {
  await together(limits({ concurrency: 2 }), async ([one, two]) => {
    equal(await one?.beat(5), 2);
    equal(await two?.beat(5), 0);
    one?.depart();
    one?.end();
    equal(await one?.beat(0), 0);
    equal(await two?.beat(5), 1);
  });
});

Deno.test("a probe is not waited for whose process has died", async () => {
  await together(limits(), async ([one, two], clock) => {
    equal(await one?.beat(1), 1);
    one?.held[0]?.report(answered(429, { "retry-after": "5" }));
    one?.held.shift()?.[Symbol.dispose]();
    await one?.beat(0);
    await clock.advance(5_000);
    equal(await one?.beat(1), 1, "the probe");
    equal(await two?.beat(1), 0);
    await one?.leave();
    equal(await two?.beat(1), 1, "another probe");
  });
});

Deno.test("a refusal of one process closes the group for the other", async () => {
  await together(limits(), async ([one, two], clock) => {
    equal(await one?.beat(1), 1);
    one?.held[0]?.report(answered(429, { "retry-after": "120" }));
    equal(await one?.beat(1), 0);
    equal(await two?.beat(1), 0);
    await clock.advance(119_999);
    equal(await two?.beat(1), 0);
    await clock.advance(1);
    equal(await two?.beat(5), 1, "one probe for both");
    equal(await one?.beat(5), 0, "one probe for both");
  });
});
