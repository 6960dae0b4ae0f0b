import { deepEqual, equal } from "node:assert/strict";
import type { Permit } from "../../src/model/permit.ts";
import { Dispatcher, type Ways } from "../../src/orchestrator/mod.ts";
import { answered, exchange, jobsOn, limits, makeRig, needsGroupOfRoute, type Rig } from "./_rig.ts";

/** A rig with a dispatcher that counts how often it asks the groups. */
function makeDispatcher(
  waysOf: (route: string) => Ways = (route) => needsGroupOfRoute(route)[0],
  ...later: Ways[]
) {
  const rig = makeRig();
  const looks: string[] = [];
  const room = rig.book.room.bind(rig.book);
  rig.book.room = (names) => {
    looks.push(names.join("+"));
    return room(names);
  };
  const dispatcher = new Dispatcher(rig.book, (route) => [waysOf(route), ...later]);
  /** One exchange: leases what is dispatched for so many workers, and gives the routes of the jobs, in order. */
  const beat = async (workers: number) => {
    looks.length = 0;
    const permits: Permit[] = [];
    const leased = await exchange(rig.queue, (view) => {
      rig.book.settle();
      const dispatch = dispatcher.dispatch(view, workers);
      for (const granted of dispatch.permits.values()) permits.push(...granted);
      return { demand: dispatch.demand };
    });
    return { routes: leased.map(({ route }) => route), permits };
  };
  return { rig, dispatcher, beat, looks, [Symbol.dispose]: () => rig[Symbol.dispose]() };
}

async function fill(rig: Rig, counts: Record<string, number>): Promise<void> {
  for (const [route, count] of Object.entries(counts)) await rig.queue.enqueue(jobsOn(route, count));
}

Deno.test("Dispatcher leases only what the groups can take, each job with its permit", async () => {
  using test = makeDispatcher();
  test.rig.limits.set("a", limits({ concurrency: 2 }));
  test.rig.limits.set("b", limits({ concurrency: 3 }));
  await fill(test.rig, { a: 10, b: 10 });
  const { routes, permits } = await test.beat(100);
  deepEqual(routes, ["a", "a", "b", "b", "b"]);
  deepEqual(permits.map(({ groups }) => groups.join()), routes);
});

Deno.test("Dispatcher takes no more permits than there are jobs or workers", async () => {
  using test = makeDispatcher();
  await fill(test.rig, { a: 2, b: 10 });
  const { routes, permits } = await test.beat(5);
  deepEqual(routes, ["a", "a", "b", "b", "b"]);
  equal(permits.length, 5);
});

Deno.test("Dispatcher does not look at routes that sleep", async () => {
  using test = makeDispatcher();
  const names = Array.from({ length: 50 }, (_, n) => `host${n}`);
  for (const name of names) test.rig.limits.set(name, limits({ windows: [{ limit: 1, perMs: 60_000 }] }));
  await fill(test.rig, Object.fromEntries(names.map((name) => [name, 3])));
  equal((await test.beat(100)).routes.length, 50);
  await fill(test.rig, { open: 1 });
  deepEqual((await test.beat(100)).routes, ["open"]);
  deepEqual(test.looks.filter((name) => name.startsWith("host")), []);
});

Deno.test("Dispatcher wakes a route when its group opens by time, not before", async () => {
  using test = makeDispatcher();
  test.rig.limits.set("a", limits({ windows: [{ limit: 1, perMs: 3_000 }] }));
  await fill(test.rig, { a: 3 });
  const [permit] = (await test.beat(5)).permits;
  permit?.report(answered());
  permit?.[Symbol.dispose]();
  deepEqual((await test.beat(5)).routes, []);
  const opensAt = test.dispatcher.nextOpening() ?? 0;
  equal(opensAt - test.rig.clock.now() >= 3_000, true);
  await test.rig.clock.advanceTo(opensAt - 1);
  deepEqual((await test.beat(5)).routes, []);
  deepEqual(test.looks, []);
  await test.rig.clock.advanceTo(opensAt);
  deepEqual((await test.beat(5)).routes, ["a"]);
});

Deno.test("Dispatcher waits for no opening that has passed while no worker was free", async () => {
  using test = makeDispatcher();
  test.rig.limits.set("a", limits({ windows: [{ limit: 1, perMs: 3_000 }] }));
  await fill(test.rig, { a: 3 });
  for (const permit of (await test.beat(5)).permits) {
    permit.report(answered());
    permit[Symbol.dispose]();
  }
  await test.beat(5);
  await test.rig.clock.advanceTo(test.dispatcher.nextOpening() ?? 0);
  deepEqual((await test.beat(0)).routes, []);
  equal(test.dispatcher.nextOpening(), null);
  deepEqual((await test.beat(1)).routes, ["a"]);
});

Deno.test("Dispatcher wakes a route when a request of its group has ended", async () => {
  using test = makeDispatcher();
  test.rig.limits.set("a", limits({ concurrency: 1 }));
  await fill(test.rig, { a: 2 });
  const { permits } = await test.beat(5);
  deepEqual((await test.beat(5)).routes, []);
  for (const permit of permits) permit[Symbol.dispose]();
  deepEqual((await test.beat(5)).routes, ["a"]);
});

Deno.test("Dispatcher wakes a route when its group's limits are raised", async () => {
  using test = makeDispatcher();
  test.rig.limits.set("a", limits({ concurrency: 1 }));
  await fill(test.rig, { a: 3 });
  await test.beat(5);
  test.rig.limits.set("a", limits({ concurrency: 2 }));
  test.rig.book.reconfigure();
  deepEqual((await test.beat(5)).routes, ["a"]);
});

Deno.test("Dispatcher wakes a route when jobs become ready on it", async () => {
  using test = makeDispatcher();
  deepEqual((await test.beat(5)).routes, []);
  await fill(test.rig, { a: 1 });
  deepEqual((await test.beat(5)).routes, ["a"]);
});

Deno.test("Dispatcher leases nothing for a group that was told to wait", async () => {
  using test = makeDispatcher();
  await fill(test.rig, { a: 5 });
  const [permit] = (await test.beat(1)).permits;
  permit?.report(answered(429, { "retry-after": "5000" }));
  permit?.[Symbol.dispose]();
  deepEqual((await test.beat(5)).routes, []);
  equal(test.dispatcher.nextOpening(), test.rig.clock.now() + 5_000_000);
});

Deno.test("Dispatcher pays with another group when the best one is closed", async () => {
  using test = makeDispatcher(() => [["a"], ["b"]]);
  test.rig.limits.set("a", limits({ concurrency: 2 }));
  test.rig.limits.set("b", limits({ concurrency: 1 }));
  await fill(test.rig, { "fresh:doi": 10 });
  const { routes, permits } = await test.beat(10);
  equal(routes.length, 3);
  deepEqual(permits.map(({ groups }) => groups.join()), ["a", "a", "b"]);
  // Either of them opens the route again.
  permits.at(-1)?.[Symbol.dispose]();
  deepEqual((await test.beat(10)).permits.map(({ groups }) => groups.join()), ["b"]);
});

Deno.test("Dispatcher takes all groups of a job or none", async () => {
  using test = makeDispatcher(() => [["a", "b"]]);
  test.rig.limits.set("a", limits({ concurrency: 5 }));
  test.rig.limits.set("b", limits({ concurrency: 1 }));
  await fill(test.rig, { x: 10 });
  equal((await test.beat(10)).routes.length, 1);
  equal(test.rig.book.views().find(({ name }) => name === "a")?.inFlight, 1);
});

/** The routes that are served in so many beats, in each of which a window of a second is open again. */
async function servedIn(beats: number, test: ReturnType<typeof makeDispatcher>): Promise<string[]> {
  const served: string[] = [];
  for (let n = 0; n < beats; n++) {
    await test.rig.clock.advance(1_100);
    const { routes, permits } = await test.beat(9);
    for (const permit of permits) {
      permit.report(answered());
      permit[Symbol.dispose]();
    }
    served.push(...routes);
  }
  return served;
}

Deno.test("Dispatcher shares a group evenly between fresh jobs and those that need a host besides", async () => {
  using test = makeDispatcher((route) => route === "fresh:doi" ? [["api"]] : [["api", route]]);
  test.rig.limits.set("api", limits({ windows: [{ limit: 1, perMs: 1_000 }] }));
  await fill(test.rig, { "fresh:doi": 50, host: 5 });
  const served = await servedIn(8, test);
  equal(served.length, 8);
  const ofHost = served.filter((route) => route === "host").length;
  equal(ofHost >= 3 && ofHost <= 5, true, served.join());
});

Deno.test("Dispatcher calls late routes up every other time where many routes wait for a group", async () => {
  using test = makeDispatcher((route) => route === "fresh:doi" ? [["api"]] : [["api", route]]);
  test.rig.limits.set("api", limits({ windows: [{ limit: 1, perMs: 1_000 }] }));
  const hosts = Array.from({ length: 20 }, (_, n) => `host${n}`);
  await fill(test.rig, { "fresh:doi": 50, ...Object.fromEntries(hosts.map((name) => [name, 5])) });
  const served = await servedIn(10, test);
  const fresh = served.filter((route) => route === "fresh:doi").length;
  equal(fresh >= 4 && fresh <= 6, true, served.join());
});

Deno.test("Dispatcher looks at one of the many routes that wait for a group when this has room for one", async () => {
  using test = makeDispatcher((route) => [["api", route]]);
  test.rig.limits.set("api", limits({ concurrency: 1 }));
  const hosts = Array.from({ length: 200 }, (_, n) => `host${n}`);
  await fill(test.rig, Object.fromEntries(hosts.map((name) => [name, 2])));
  let { permits } = await test.beat(9);
  for (let n = 0; n < 5; n++) {
    for (const permit of permits) permit[Symbol.dispose]();
    const beat = await test.beat(9);
    deepEqual(beat.routes, [`host${n}`]);
    equal(test.looks.length < 20, true, `${test.looks.length} looks`);
    permits = beat.permits;
  }
});

Deno.test("Dispatcher calls the next route up when the first that was called finds another group closed", async () => {
  using test = makeDispatcher((route) => [["api", route]]);
  test.rig.limits.set("api", limits({ concurrency: 1 }));
  test.rig.limits.set("a", limits({ windows: [{ limit: 1, perMs: 60_000 }] }));
  await fill(test.rig, { a: 2, b: 2 });
  const first = await test.beat(9);
  deepEqual(first.routes, ["a"]);
  for (const permit of first.permits) {
    permit.report(answered());
    permit[Symbol.dispose]();
  }
  const second = await test.beat(9);
  deepEqual(second.routes, ["b"]);
});

Deno.test("Dispatcher looks at a route that needs two closed groups when the last of them opens", async () => {
  for (const groups of [["long", "short"], ["short", "long"]]) {
    using test = makeDispatcher(() => [groups]);
    test.rig.limits.set("short", limits({ windows: [{ limit: 1, perMs: 1_000 }] }));
    test.rig.limits.set("long", limits({ windows: [{ limit: 1, perMs: 60_000 }] }));
    await fill(test.rig, { x: 3 });
    const { routes, permits } = await test.beat(9);
    equal(routes.length, 1);
    for (const permit of permits) {
      permit.report(answered());
      permit[Symbol.dispose]();
    }
    await test.beat(9);
    equal((test.dispatcher.nextOpening() ?? 0) >= test.rig.clock.now() + 60_000, true);
  }
});

Deno.test("Dispatcher waits only for groups that are closed", async () => {
  using test = makeDispatcher(() => [["open", "closed"]]);
  test.rig.limits.set("closed", limits({ concurrency: 1 }));
  await fill(test.rig, { x: 3 });
  equal((await test.beat(9)).routes.length, 1);
  equal(test.dispatcher.nextOpening(), test.rig.clock.now() + 5_000);
});

/** A group's server asks to wait. */
function askToWait(rig: Rig, group: string, seconds: number): void {
  const permit = rig.book.acquire([group]);
  if (permit.type !== "permit") throw new TypeError(`${group} is closed`);
  permit.depart();
  permit.report(answered(429, { "retry-after": String(seconds) }));
  permit[Symbol.dispose]();
  rig.book.settle();
}

Deno.test("Dispatcher begins with a later tier while the first is closed for long", async () => {
  using test = makeDispatcher(() => [["first"]], [["second"], ["other"]], [["third"]]);
  for (const group of ["first", "second", "other", "third"]) {
    test.rig.limits.set(group, limits({ concurrency: 1 }));
  }
  askToWait(test.rig, "first", 3600);
  await fill(test.rig, { x: 9 });
  deepEqual((await test.beat(9)).permits.map(({ groups }) => groups.join()), ["second", "other"]);
});

Deno.test("Dispatcher leaves later tiers alone while the first opens soon, until it closes for long", async () => {
  using test = makeDispatcher(() => [["first"]], [["second"]]);
  for (const group of ["first", "second"]) test.rig.limits.set(group, limits({ concurrency: 2 }));
  const { clock, book } = test.rig;
  const underWay = book.acquire(["first"]);
  askToWait(test.rig, "first", 30);
  await fill(test.rig, { x: 9 });
  deepEqual((await test.beat(9)).permits, []);
  equal(test.dispatcher.nextOpening(), clock.now() + 30_000);
  // A request that was under way brings the news.
  if (underWay.type !== "permit") throw new TypeError("closed");
  underWay.depart();
  underWay.report(answered(429, { "retry-after": "3600" }));
  underWay[Symbol.dispose]();
  deepEqual((await test.beat(9)).permits.map(({ groups }) => groups.join()), ["second", "second"]);
});

Deno.test("Dispatcher begins with no later tier while one way of the first is closed for a moment only", async () => {
  using test = makeDispatcher(() => [["long"], ["short"]], [["second"]]);
  const often = limits({ windows: [{ limit: 1, perMs: 1_000 }] });
  for (const name of ["short", "second"]) test.rig.limits.set(name, often);
  test.rig.limits.set("long", limits({ windows: [{ limit: 1, perMs: 86_400_000 }] }));
  await fill(test.rig, { "fresh:doi": 9 });
  const { permits } = await test.beat(9);
  deepEqual(permits.map(({ groups }) => groups.join()), ["long", "short"]);
  for (const permit of permits) {
    permit.report(answered());
    permit[Symbol.dispose]();
  }
  deepEqual((await test.beat(9)).permits, []);
});

Deno.test("Dispatcher needs no permit for a route that needs no group", async () => {
  using test = makeDispatcher();
  await fill(test.rig, { "fresh:url": 3 });
  const { routes, permits } = await test.beat(2);
  equal(routes.length, 2);
  deepEqual(permits, []);
});

Deno.test("Dispatcher leases nothing while paused, and goes on after", async () => {
  using test = makeDispatcher();
  await fill(test.rig, { a: 2 });
  await test.rig.queue.pause();
  deepEqual(await test.beat(5), { routes: [], permits: [] });
  await test.rig.queue.resume();
  deepEqual((await test.beat(5)).routes, ["a", "a"]);
});

Deno.test("Dispatcher serves routes in turn when workers are few", async () => {
  using test = makeDispatcher();
  await fill(test.rig, { a: 9, b: 9, c: 9 });
  const served: string[] = [];
  for (let n = 0; n < 9; n++) served.push(...(await test.beat(1)).routes);
  deepEqual(served, ["a", "b", "c", "a", "b", "c", "a", "b", "c"]);
});

Deno.test("Dispatcher takes no more permits than there are jobs where it looks at a route twice", async () => {
  using test = makeDispatcher(() => [["api"]]);
  await fill(test.rig, { "fresh:doi": 7 });
  // Half of the workers come to late routes first, the rest when no other is left.
  const { routes, permits } = await test.beat(9);
  equal(routes.length, 7);
  equal(permits.length, 7);
});

/** One host with much left to do, and twenty with little; `serve` gives the routes that so many workers come to. */
async function oneLate(test: ReturnType<typeof makeDispatcher>) {
  const hosts = Array.from({ length: 20 }, (_, n) => `host${n}`);
  const { options } = limits().adaptive;
  const adaptive = limits({ adaptive: { start: "gentle", options: { ...options, initialPerSecond: 10 } } });
  for (const name of ["long", ...hosts]) test.rig.limits.set(name, adaptive);
  await fill(test.rig, Object.fromEntries(hosts.map((name) => [name, 9])));
  await fill(test.rig, { long: 500 });
  const serve = async (workers: number) => {
    await test.rig.clock.advance(1_000);
    const { routes, permits } = await test.beat(workers);
    for (const permit of permits) permit[Symbol.dispose]();
    return routes;
  };
  // Once round, so that each group is known.
  equal((await serve(21)).length, 21);
  return serve;
}

Deno.test("Dispatcher gives late routes every other worker where these are few", async () => {
  using test = makeDispatcher();
  const serve = await oneLate(test);
  const served: string[] = [];
  for (let n = 0; n < 20; n++) served.push(...await serve(1));
  deepEqual(served.filter((_, n) => n % 2 === 1), Array(10).fill("long"));
  equal(new Set(served.filter((_, n) => n % 2 === 0)).size, 10);
});

Deno.test("Dispatcher gives the odd worker to late routes and to others in turn, whatever comes between", async () => {
  using test = makeDispatcher();
  const serve = await oneLate(test);
  const odd: string[] = [];
  for (let n = 0; n < 10; n++) {
    odd.push(...await serve(1));
    await serve(2);
  }
  equal(odd.filter((route) => route === "long").length, 5);
});

Deno.test("Dispatcher serves a route with the others again when it is late no longer", async () => {
  using test = makeDispatcher();
  const serve = await oneLate(test);
  test.rig.limits.set("huge", test.rig.limits.get("long") ?? limits());
  await fill(test.rig, { huge: 4_000 });
  // Until that group is known. So few workers leave every route awake.
  for (let n = 0; n < 50; n++) await serve(1);
  const served: string[] = [];
  for (let n = 0; n < 20; n++) served.push(...await serve(1));
  equal(served.filter((route) => route === "huge").length, 10, served.join());
});

Deno.test("Dispatcher demands nothing of a route that has no room", async () => {
  using test = makeDispatcher();
  test.rig.limits.set("a", limits({ concurrency: 1 }));
  await fill(test.rig, { a: 2 });
  await test.beat(5);
  const demands: unknown[] = [];
  await fill(test.rig, { a: 3 });
  await exchange(test.rig.queue, (view) => {
    const { demand, permits } = test.dispatcher.dispatch(view, 5);
    demands.push(...demand, ...permits);
    return {};
  });
  deepEqual(demands, []);
});

Deno.test("Dispatcher tells the groups how fast they need to be each second, less often where they are many", async () => {
  for (const [others, afterMs] of [[0, 1_000], [1_500, 1_500]] as const) {
    using test = makeDispatcher();
    const { options } = limits().adaptive;
    test.rig.limits.set("a", limits({ adaptive: { start: "gentle", options } }));
    test.rig.limits.set("b", limits({ adaptive: { start: "gentle", options } }));
    for (let n = 0; n < others; n++) test.rig.book.room([`other${n}`]);
    await fill(test.rig, { a: 10, b: 50 });
    await test.beat(2);
    const needed = () => test.rig.book.views().find(({ name }) => name === "a")?.group.neededPerSecond;
    await test.rig.clock.advance(afterMs - 1);
    await test.beat(0);
    equal(needed(), Infinity);
    await test.rig.clock.advance(1);
    await test.beat(0);
    equal((needed() ?? 0) < 1, true);
  }
});

Deno.test("Dispatcher tells the groups how fast they need to be by what waits for them", async () => {
  using test = makeDispatcher();
  const adaptive = (initialPerSecond: number) => {
    const { options } = limits().adaptive;
    return limits({ adaptive: { start: "gentle", options: { ...options, initialPerSecond } } });
  };
  test.rig.limits.set("slow", adaptive(1));
  test.rig.limits.set("fast", adaptive(10));
  await fill(test.rig, { slow: 100, fast: 200 });
  await test.beat(5);
  await test.rig.clock.advance(1_000);
  await test.beat(0);
  const needed = (name: string) =>
    test.rig.book.views().find((view) => view.name === name)?.group.neededPerSecond;
  equal(needed("slow"), Infinity);
  equal(needed("fast"), 2);
});
