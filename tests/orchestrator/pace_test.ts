import { deepEqual, equal } from "node:assert/strict";
import { ADAPTIVE_DEFAULTS, GroupBook, type GroupLimits } from "../../src/limits/mod.ts";
import { Pacer } from "../../src/orchestrator/pace.ts";
import { VirtualClock } from "../../src/runtime/mod.ts";
import { limits } from "./_rig.ts";

/** A book that has met groups which begin at the stated rates, and one that does not adapt. */
function bookOf(perSecond: Record<string, number>): GroupBook {
  const limitsOf = (name: string): GroupLimits => {
    const initialPerSecond = perSecond[name];
    if (initialPerSecond === undefined) return limits();
    return limits({ adaptive: { start: "gentle", options: { ...ADAPTIVE_DEFAULTS, initialPerSecond } } });
  };
  const book = new GroupBook({ clock: new VirtualClock(), limitsOf, onNews: () => {} });
  for (const name of [...Object.keys(perSecond), "fixed"]) {
    const permit = book.acquire([name]);
    if (permit.type === "permit") permit[Symbol.dispose]();
  }
  book.settle();
  return book;
}

function neededPerSecond(book: GroupBook, name: string): number | undefined {
  return book.views().find((view) => view.name === name)?.group.neededPerSecond;
}

Deno.test("pace() lets the group that everybody waits for go as fast as it can, the others just in time", () => {
  const book = bookOf({ slow: 1, fast: 10 });
  // The slow one needs 100 s; the fast one is to be done with its 200 in the same time.
  new Pacer().pace(book, (group) => ({ slow: 100, fast: 200 })[group] ?? 0, 0);
  equal(neededPerSecond(book, "slow"), Infinity);
  equal(neededPerSecond(book, "fast"), 2);
  equal(neededPerSecond(book, "fixed"), Infinity);
});

Deno.test("pace() changes its mind when another group becomes the last", () => {
  const book = bookOf({ slow: 1, fast: 10 });
  new Pacer().pace(book, (group) => ({ slow: 100, fast: 200 })[group] ?? 0, 0);
  new Pacer().pace(book, (group) => ({ slow: 10, fast: 200 })[group] ?? 0, 0);
  equal(neededPerSecond(book, "slow"), 0.5);
  equal(neededPerSecond(book, "fast"), Infinity);
});

Deno.test("pace() does not spread the jobs of fast groups over the hours of one that is far behind", () => {
  const book = bookOf({ slow: 0.2, fast: 10, faster: 20 });
  new Pacer().pace(book, (group) => ({ slow: 2_000, fast: 100, faster: 100 })[group] ?? 0, 0);
  equal(neededPerSecond(book, "slow"), Infinity);
  equal(neededPerSecond(book, "fast"), Infinity);
  equal(neededPerSecond(book, "faster"), 10);
  const two = bookOf({ slow: 0.2, fast: 10 });
  new Pacer().pace(two, (group) => ({ slow: 100, fast: 200 })[group] ?? 0, 0);
  equal(neededPerSecond(two, "fast"), Infinity, "of two, the faster one is the middle");
});

Deno.test("pace() counts only groups that jobs wait for", () => {
  const book = bookOf({ slow: 1, fast: 10, idle1: 1, idle2: 1, idle3: 1 });
  new Pacer().pace(book, (group) => ({ slow: 100, fast: 200 })[group] ?? 0, 0);
  equal(neededPerSecond(book, "fast"), 2);
});

Deno.test("pace() holds back no group that is nearly the last", () => {
  const book = bookOf({ slow: 1, other: 1 });
  new Pacer().pace(book, (group) => ({ slow: 100, other: 99 })[group] ?? 0, 0);
  equal(neededPerSecond(book, "other"), Infinity);
});

Deno.test("pace() tells which groups are late: a quarter of the longest time and more is left to them", () => {
  const book = bookOf({ slow: 0.2, fast: 10, faster: 20 });
  const backlog: Record<string, number> = { slow: 20, fast: 250, faster: 300, fixed: 9_000 };
  deepEqual([...new Pacer().pace(book, (group) => backlog[group] ?? 0, 0)], ["slow", "fast"]);
  deepEqual([...new Pacer().pace(book, () => 0, 0)], []);
});

Deno.test("pace() holds nobody back when nothing waits", () => {
  const book = bookOf({ slow: 1, fast: 10 });
  new Pacer().pace(book, () => 0, 0);
  equal(neededPerSecond(book, "slow"), Infinity);
  equal(neededPerSecond(book, "fast"), Infinity);
});

Deno.test("pace() does not take a group for one far behind because the others are nearly done", () => {
  const book = bookOf({ slow: 1, slower: 0.8, fast: 1, faster: 1, fastest: 1 });
  const pacer = new Pacer();
  const pace = (now: number, fast: number, slow: number) =>
    pacer.pace(book, (group) => ({ slow, slower: slow })[group] ?? fast, now);
  pace(0, 50, 100);
  equal(neededPerSecond(book, "slow"), 0.8);
  // The three need a second or two, and the slow ones 50 times longer from now on, but twice as long in all.
  pace(49_000, 1, 50);
  equal(neededPerSecond(book, "slower"), Infinity);
  equal(neededPerSecond(book, "slow"), 0.8);
  equal(neededPerSecond(book, "fast"), 0.016);
});

Deno.test("pace() lets the latest of those go fast that are far behind the others", () => {
  const book = bookOf({ slow: 1, slower: 0.8, fast: 1, faster: 1, fastest: 1 });
  new Pacer().pace(book, (group) => ({ slow: 1_000, slower: 1_000 })[group] ?? 10, 0);
  equal(neededPerSecond(book, "slower"), Infinity);
  equal(neededPerSecond(book, "slow"), 0.8);
  equal(neededPerSecond(book, "fast"), Infinity);
});

Deno.test("pace() counts how long slots are held, where that is longer than the interval", async () => {
  const clock = new VirtualClock();
  const book = new GroupBook({
    clock,
    limitsOf: () =>
      limits({ adaptive: { start: "gentle", options: { ...ADAPTIVE_DEFAULTS, initialPerSecond: 10 } } }),
    onNews: () => {},
  });
  for (const [name, heldMs] of [["quick", 5], ["held", 500]] as const) {
    const permit = book.acquire([name]);
    if (permit.type !== "permit") throw new TypeError(name);
    permit.depart();
    await clock.advance(heldMs);
    permit.report({ type: "answered", status: 200, headers: new Headers(), latencyMs: 5 });
    permit[Symbol.dispose]();
    book.settle();
  }
  new Pacer().pace(book, () => 100, 0);
  equal(neededPerSecond(book, "held"), Infinity);
  equal(neededPerSecond(book, "quick"), 2);
});
