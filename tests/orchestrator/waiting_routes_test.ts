import { deepEqual, equal, fail, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Room } from "../../src/limits/mod.ts";
import { WaitingRoutes } from "../../src/orchestrator/waiting_routes.ts";

const closed = (until: number, why: Room["why"] = "rate"): Room => ({ count: 0, until, why });
const open = (count: number): Room => ({ count, until: 0, why: "rate" });

/** What is called up at an instant. */
function callUp(waiting: WaitingRoutes, now: number, roomOf: (group: string) => Room): string[] {
  waiting.wake(now);
  return waiting.callUp(now, roomOf);
}

Deno.test("WaitingRoutes calls up as many as a group has room for, those that came first", () => {
  const waiting = new WaitingRoutes();
  for (const route of ["a", "b", "c"]) waiting.add(route, false, { group: "g", room: closed(500), now: 0 });
  deepEqual(callUp(waiting, 499, () => open(2)), []);
  equal(waiting.nextOpening(), 500);
  deepEqual(callUp(waiting, 500, () => open(2)), ["a", "b"]);
  // It is asked again, since those that were called may have found another group closed.
  deepEqual(callUp(waiting, 500, () => open(1)), ["c"]);
  deepEqual(callUp(waiting, 10_000, () => open(1)), []);
  equal(waiting.nextOpening(), null);
});

Deno.test("WaitingRoutes asks a group again when it opens if it was found closed", () => {
  const waiting = new WaitingRoutes();
  waiting.add("a", false, { group: "g", room: closed(500), now: 0 });
  deepEqual(callUp(waiting, 500, () => closed(800)), []);
  equal(waiting.nextOpening(), 800);
  deepEqual(callUp(waiting, 800, () => open(1)), ["a"]);
});

Deno.test("WaitingRoutes calls up on news, before the time has come", () => {
  const waiting = new WaitingRoutes();
  waiting.add("a", false, { group: "g", room: closed(500), now: 0 });
  waiting.stir("other");
  deepEqual(callUp(waiting, 1, (group) => fail(`nobody waits for ${group}`)), []);
  waiting.stir("g");
  deepEqual(callUp(waiting, 1, () => open(1)), ["a"]);
  equal(waiting.nextOpening(), null, "nobody waits for it any more");
  waiting.stir("g");
  deepEqual(callUp(waiting, 500, (group) => fail(`nobody waits for ${group}`)), []);
});

Deno.test("WaitingRoutes looks again a little later at a group that is closed until now", () => {
  const waiting = new WaitingRoutes();
  waiting.add("a", false, { group: "g", room: closed(500), now: 500 });
  equal(waiting.nextOpening(), 501);
});

Deno.test("WaitingRoutes looks at a group whose slots are taken in five seconds at the latest", () => {
  const waiting = new WaitingRoutes();
  waiting.add("a", false, { group: "g", room: closed(100, "concurrency"), now: 0 });
  equal(waiting.nextOpening(), 5_000);
});

Deno.test("WaitingRoutes calls late routes and others in turn", () => {
  const waiting = new WaitingRoutes();
  for (
    const [route, isLate] of [["a", false], ["b", false], ["c", false], ["x", true], ["y", true]] as const
  ) {
    waiting.add(route, isLate, { group: "g", room: closed(1), now: 0 });
  }
  deepEqual(callUp(waiting, 1, () => open(9)), ["x", "a", "y", "b", "c"]);
});

Deno.test("WaitingRoutes keeps the place of a route that comes again", () => {
  const waiting = new WaitingRoutes();
  for (const route of ["a", "b", "a"]) waiting.add(route, false, { group: "g", room: closed(1), now: 0 });
  deepEqual(callUp(waiting, 1, () => open(9)), ["a", "b"]);
});

Deno.test("WaitingRoutes loses no route, whatever opens when", () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("add" as const), route: fc.nat(20), group: fc.nat(3), until: fc.nat(50) }),
    fc.record({ type: fc.constant("stir" as const), group: fc.nat(3) }),
    fc.record({
      type: fc.constant("call" as const),
      rooms: fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }),
    }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
    const waiting = new WaitingRoutes();
    const model = new Set<string>();
    let now = 0;
    for (const item of steps) {
      now++;
      if (item.type === "stir") waiting.stir(`g${item.group}`);
      else if (item.type === "add") {
        // A route of this test waits in one line.
        const route = `${item.route % 4 === item.group ? "" : `${item.group}-`}${item.route}`;
        waiting.add(route, item.route % 2 === 0, {
          group: `g${item.group}`,
          room: closed(now + item.until),
          now,
        });
        model.add(`g${item.group} ${route}`);
      } else {
        const left = new Map(item.rooms.map((count, group) => [`g${group}`, count]));
        for (
          const route of callUp(
            waiting,
            now,
            (group) => left.get(group) ? open(left.get(group) ?? 0) : closed(now + 5),
          )
        ) {
          const key = [...model].find((key) => key.endsWith(` ${route}`));
          ok(key, `${route} was not waiting`);
          model.delete(key);
        }
      }
    }
    const rest = callUp(waiting, Number.MAX_SAFE_INTEGER, () => open(99));
    equal(rest.length, model.size);
  }));
});
