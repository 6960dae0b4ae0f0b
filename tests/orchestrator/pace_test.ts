import { deepEqual, equal } from "node:assert/strict";
import { ADAPTIVE_DEFAULTS, GroupBook, type GroupLimits } from "../../src/limits/mod.ts";
import { pace } from "../../src/orchestrator/pace.ts";
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
  pace(book, (group) => ({ slow: 100, fast: 200 })[group] ?? 0);
  equal(neededPerSecond(book, "slow"), Infinity);
  equal(neededPerSecond(book, "fast"), 2);
  equal(neededPerSecond(book, "fixed"), Infinity);
});

Deno.test("pace() changes its mind when another group becomes the last", () => {
  const book = bookOf({ slow: 1, fast: 10 });
  pace(book, (group) => ({ slow: 100, fast: 200 })[group] ?? 0);
  pace(book, (group) => ({ slow: 10, fast: 200 })[group] ?? 0);
  equal(neededPerSecond(book, "slow"), 0.5);
  equal(neededPerSecond(book, "fast"), Infinity);
});

Deno.test("pace() does not spread the jobs of fast groups over the hours of one that is far behind", () => {
  const book = bookOf({ slow: 0.2, fast: 10, faster: 20 });
  pace(book, (group) => ({ slow: 2_000, fast: 100, faster: 100 })[group] ?? 0);
  equal(neededPerSecond(book, "slow"), Infinity);
  equal(neededPerSecond(book, "fast"), Infinity);
  equal(neededPerSecond(book, "faster"), 10);
});

Deno.test("pace() tells which groups are late: a quarter of the longest time and more is left to them", () => {
  const book = bookOf({ slow: 0.2, fast: 10, faster: 20 });
  const backlog: Record<string, number> = { slow: 20, fast: 300, faster: 300, fixed: 9_000 };
  deepEqual([...pace(book, (group) => backlog[group] ?? 0)], ["slow", "fast"]);
  deepEqual([...pace(book, () => 0)], []);
});

Deno.test("pace() holds nobody back when nothing waits", () => {
  const book = bookOf({ slow: 1, fast: 10 });
  pace(book, () => 0);
  equal(neededPerSecond(book, "slow"), Infinity);
  equal(neededPerSecond(book, "fast"), Infinity);
});
