import assert from "node:assert/strict";
import { LeaseLostError } from "../../src/model/errors.ts";
import type { Permit, PermitSource } from "../../src/model/permit.ts";
import type { Resolver, ResolverAnswer, ResolverFetch } from "../../src/model/resolver.ts";
import { until } from "../_support/until.ts";
import { namesIn } from "./_out_dir.ts";
import {
  type Answering,
  closedUntil,
  cursorOf,
  failed,
  found,
  openRig,
  page,
  pdf,
  recordOf,
  resolver,
  type Rig,
  startHost,
  status,
} from "./_rig.ts";

Deno.test("processArtifact() tries candidates on open hosts before it holds a job", async () => {
  await using rig = await openRig();
  await using closed = startHost({ "/published": pdf() });
  await using open = startHost({ "/accepted": pdf() });
  rig.gates.close(closed.group, rig.clock.now() + 1_000);
  const naming = resolver(
    "naming",
    found([
      { url: `${closed.url}/published` },
      { url: `${open.url}/accepted`, version: "accepted" },
    ]),
  );
  const record = recordOf(await rig.run([naming]));
  assert.deepEqual([record.reason, record.version], ["ok", "accepted"]);
  assert.deepEqual(closed.paths, []);
});

Deno.test("processArtifact() holds until the first of its closed groups opens and looks nothing up twice", async () => {
  await using rig = await openRig();
  await using soon = startHost({ "/a": pdf() });
  await using late = startHost({ "/b": pdf() });
  await using gone = startHost({ "/c": status(404) });
  const now = rig.clock.now();
  rig.gates.close(soon.group, now + 5_000);
  rig.gates.close(late.group, now + 9_000);
  const naming = resolver(
    "naming",
    found([
      { url: `${late.url}/b` },
      { url: `${soon.url}/a`, version: "accepted" },
      { url: `${gone.url}/c`, version: "submitted" },
    ]),
  );
  const other = resolver("other", found(), { tier: 2 });
  const held = await rig.run([naming, other]);
  assert.ok(held.type === "closed");
  assert.deepEqual([held.closed.group, held.closed.until], [soon.group, now + 5_000]);
  assert.equal(other.asked.length, 0);

  rig.gates.closed.delete(soon.group);
  const cursor = JSON.stringify(JSON.parse(held.cursor));
  const record = recordOf(await rig.run([naming, other], { cursor }));
  assert.deepEqual([record.reason, record.url], ["ok", `${soon.url}/a`]);
  assert.deepEqual([naming.asked.length, gone.paths.length, other.asked.length], [1, 1, 0]);
  assert.deepEqual(record.tried.map(({ reason }) => reason), ["http-4xx"]);
});

Deno.test("processArtifact() goes on behind a redirect whose target was closed", async () => {
  await using rig = await openRig();
  await using target = startHost({ "/file": pdf() });
  await using source = startHost({ "/start": () => Response.redirect(`${target.url}/file?signed=1`) });
  rig.gates.close(target.group, rig.clock.now() + 1_000);
  const naming = resolver("naming", found([{ url: `${source.url}/start` }]));
  const held = await rig.run([naming]);
  assert.equal(held.type, "closed");
  rig.gates.closed.clear();
  const record = recordOf(await rig.run([naming], { cursor: cursorOf(held) }));
  assert.deepEqual([record.reason, record.url], ["ok", `${source.url}/start`]);
  assert.equal(record.finalUrl, `${target.url}/file?signed=1`);
  assert.deepEqual([source.paths.length, target.paths.length], [1, 1]);
});

Deno.test("processArtifact() begins a redirect anew when the URL behind it has expired in the meantime", async () => {
  await using rig = await openRig();
  await using target = startHost({ "/old": status(403), "/new": pdf() });
  await using source = startHost({
    "/start": [() => Response.redirect(`${target.url}/old`), () => Response.redirect(`${target.url}/new`)],
  });
  rig.gates.close(target.group, rig.clock.now() + 1_000);
  const naming = resolver("naming", found([{ url: `${source.url}/start` }]));
  const held = await rig.run([naming]);
  rig.gates.closed.clear();
  assert.equal(recordOf(await rig.run([naming], { cursor: cursorOf(held) })).reason, "ok");
  assert.deepEqual(target.paths, ["/old", "/new"]);
});

Deno.test("processArtifact() holds for a resolver that opens within a minute", async () => {
  await using rig = await openRig();
  const now = rig.clock.now();
  const first = resolver("first", [closedUntil(now + 60_000), found()]);
  const fellow = resolver("fellow", found());
  const later = resolver("later", found(), { tier: 2 });
  const held = await rig.run([first, fellow, later]);
  assert.ok(held.type === "closed");
  assert.deepEqual([held.closed.group, held.closed.until], ["api", now + 60_000]);
  assert.equal(later.asked.length, 0);
  assert.equal(
    recordOf(await rig.run([first, fellow, later], { cursor: held.cursor })).reason,
    "no-open-copy",
  );
  assert.deepEqual([first, fellow, later].map(({ asked }) => asked.length), [2, 1, 1]);
});

Deno.test("processArtifact() asks the next tier when a resolver or a host stays closed for longer", async () => {
  await using rig = await openRig();
  await using closed = startHost({ "/a": pdf() });
  await using open = startHost({ "/b": pdf() });
  const far = rig.clock.now() + 60_001;
  rig.gates.close(closed.group, far);
  const shut = resolver("shut", closedUntil(far));
  const next = resolver("next", found([{ url: `${closed.url}/a` }]), { tier: 2 });
  const last = resolver("last", found([{ url: `${open.url}/b`, version: "accepted" }]), { tier: 3 });
  assert.equal(recordOf(await rig.run([shut, next, last])).resolver, "last");
  assert.deepEqual([shut.asked.length, next.asked.length], [1, 1]);
});

Deno.test("processArtifact() holds rather than give up while a resolver is closed for long", async () => {
  await using rig = await openRig();
  const far = rig.clock.now() + 86_400_000;
  const shut = resolver("shut", [closedUntil(far), found()]);
  const next = resolver("next", found(), { tier: 2 });
  const held = await rig.run([shut, next]);
  assert.ok(held.type === "closed");
  assert.equal(held.closed.until, far);
  assert.equal(recordOf(await rig.run([shut, next], { cursor: held.cursor })).reason, "no-open-copy");
  assert.deepEqual([shut.asked.length, next.asked.length], [2, 1]);
});

Deno.test("processArtifact() holds after a 429, ten times, before it counts as a refusal", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/a": status(429, { "retry-after": "7" }) });
  const naming = resolver("naming", found([{ url: `${host.url}/a` }]));
  let cursor: string | null = null;
  for (let times = 1; times < 10; times++) {
    const held = await rig.run([naming], { cursor });
    assert.ok(held.type === "closed", `lease ${times}`);
    assert.deepEqual([held.closed.group, held.closed.until], [host.group, rig.clock.now() + 7_000]);
    cursor = held.cursor;
  }
  const end = await rig.run([naming], { cursor });
  assert.equal(end.type, "failed");
  assert.deepEqual(recordOf(end).tried.map(({ reason, status }) => [reason, status]), [[
    "rate-limited",
    429,
  ]]);
  assert.deepEqual([host.paths.length, naming.asked.length], [10, 1]);
});

Deno.test("processArtifact() opens what failed for a passing reason again for the next attempt, and only that", async () => {
  await using rig = await openRig();
  await using host = startHost({
    "/busy": [status(500), pdf()],
    "/page": page("<html><body>an article</body></html>"),
    "/gone": status(410),
  });
  const naming = resolver(
    "naming",
    found([
      { url: `${host.url}/busy` },
      { url: `${host.url}/page` },
      { url: `${host.url}/gone` },
    ]),
  );
  const passing = resolver("passing", [failed(), found()]);
  const lasting = resolver("lasting", failed("http-4xx"));
  const all = [naming, passing, lasting];
  const first = await rig.run(all);
  assert.ok(first.type === "failed");
  assert.deepEqual([first.record.reason, first.nextUrl], ["http-5xx", `${host.url}/busy`]);
  await rig.clock.advance(60_000);
  const record = recordOf(await rig.run(all, { cursor: first.cursor, attempts: 1 }));
  assert.deepEqual([record.reason, record.elapsedMs], ["ok", 0]);
  assert.deepEqual(host.paths, ["/busy", "/page", "/gone", "/busy"]);
  assert.deepEqual(record.tried.map(({ reason }) => reason), ["html-instead-of-pdf", "http-4xx"]);
  // Found at once; had it not been, only the one that failed in passing would have been asked again.
  assert.deepEqual(all.map(({ asked }) => asked.length), [1, 1, 1]);
});

Deno.test("processArtifact() asks a resolver that failed in passing again, and no other", async () => {
  await using rig = await openRig();
  const all = [
    resolver("passing", [failed(), found()]),
    resolver("throwing", []),
    resolver("lasting", failed("http-4xx")),
    resolver("silent", found()),
  ];
  const first = await rig.run(all);
  assert.ok(first.type === "failed");
  assert.equal(first.message, "lasting: as told");
  await rig.run(all, { cursor: first.cursor, attempts: 1 });
  assert.deepEqual(all.map(({ asked }) => asked.length), [2, 2, 1, 1]);
});

Deno.test("processArtifact() counts the time of a record over the leases of one attempt", async () => {
  await using rig = await openRig();
  const shut = resolver("shut", [closedUntil(rig.clock.now() + 1_000), found()]);
  const held = await rig.run([shut]);
  await rig.clock.advance(1_000);
  assert.equal(recordOf(await rig.run([shut], { cursor: cursorOf(held) })).elapsedMs, 1_000);
});

Deno.test("processArtifact() keeps what it learned when it is interrupted, in a resolver or in a body", async () => {
  await using rig = await openRig();
  const stop = new AbortController();
  await using host = startHost({
    "/slow": [() => {
      const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          controller.enqueue(new TextEncoder().encode("%PDF-1.7\n" + "x".repeat(5_000)));
          queueMicrotask(() => stop.abort(new Error("stopping")));
          return new Promise(() => {});
        },
      });
      return new Response(stream, { headers: { "content-length": "20000" } });
    }, pdf()],
  });
  const naming = resolver("naming", found([{ url: `${host.url}/slow` }]));
  const end = await rig.run([naming], {}, { signal: stop.signal });
  assert.equal(end.type, "interrupted");
  assert.deepEqual(await namesIn(`${rig.outDir}/.part`), []);
  assert.equal(recordOf(await rig.run([naming], { cursor: cursorOf(end) })).reason, "ok");
  assert.equal(naming.asked.length, 1);

  const during = new AbortController();
  const hanging = {
    ...resolver("hanging", found()),
    resolve: () => {
      during.abort(new Error("stopping"));
      return Promise.reject(during.signal.reason);
    },
  };
  const other = await rig.run([hanging], { artifactId: "doi:10.1234/other" }, { signal: during.signal });
  assert.equal(other.type, "interrupted");
  assert.doesNotMatch(cursorOf(other), /hanging/);
});

Deno.test("processArtifact() keeps a part when the program stops, and none when the job is another's", async () => {
  const reasons: readonly (readonly [Error, number])[] = [
    [new Error("stopping"), 2],
    [new LeaseLostError("the lease was lost"), 0],
  ];
  for (const [reason, kept] of reasons) {
    await using rig = await openRig();
    const stop = new AbortController();
    await using host = startHost({
      "/slow": () => {
        const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
          controller.enqueue(new TextEncoder().encode("%PDF-1.7\n" + "x".repeat(100_000)));
          return new Promise<void>(() => {});
        };
        const headers = { "content-length": "200000", etag: '"v1"' };
        return new Response(new ReadableStream({ pull }), { headers });
      },
    });
    const naming = resolver("naming", found([{ url: `${host.url}/slow` }]));
    const running = rig.run([naming], {}, { signal: stop.signal });
    await until(async () => {
      const [part] = await namesIn(`${rig.outDir}/.part`);
      return part !== undefined && (await Deno.stat(`${rig.outDir}/.part/${part}`)).size > 0;
    }, "a part has bytes");
    stop.abort(reason);
    const end = await running;
    assert.equal(end.type, "interrupted");
    assert.equal((await namesIn(`${rig.outDir}/.part`)).length, kept, reason.message);
  }
});

Deno.test("processArtifact() keeps a part it took up again when the program stops, and none when the job is another's", async () => {
  const reasons: readonly (readonly [Error, number])[] = [
    [new Error("stopping"), 2],
    [new LeaseLostError("the lease was lost"), 0],
  ];
  for (const isAnswered of [true, false]) {
    for (const [reason, kept] of reasons) {
      await using rig = await openRig();
      const stop = new AbortController();
      const asked = Promise.withResolvers<void>();
      const stopped = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
      const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
        controller.enqueue(new Uint8Array(100_000));
        return stopped;
      };
      const headers = { "content-range": "bytes 5009-199999/200000", etag: '"v1"' };
      const rest: Answering = async () => {
        asked.resolve();
        if (!isAnswered) await stopped;
        return new Response(new ReadableStream({ pull }), { status: 206, headers });
      };
      await using host = startHost({ "/slow": [() => brokenPdf(200_000), rest] });
      const naming = resolver("naming", found([{ url: `${host.url}/slow` }]));
      const cursor = cursorOf(await rig.run([naming]));
      const running = rig.run([naming], { cursor, attempts: 1 }, { signal: stop.signal });
      await asked.promise;
      await until(async () => {
        const [part] = await namesIn(`${rig.outDir}/.part`);
        return !isAnswered || (await Deno.stat(`${rig.outDir}/.part/${part}`)).size > 10_000;
      }, "the rest comes");
      stop.abort(reason);
      assert.equal((await running).type, "interrupted");
      assert.equal((await namesIn(`${rig.outDir}/.part`)).length, kept, `${reason.message}, ${isAnswered}`);
    }
  }
});

/** A quarter of a PDF, after which the connection ends; the rest could be asked for. */
function brokenPdf(bytes = 20_000): Response {
  let sent = false;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
    if (sent) return controller.close();
    sent = true;
    controller.enqueue(new TextEncoder().encode("%PDF-1.7\n" + "x".repeat(5_000)));
  };
  const headers = { "content-length": String(bytes), etag: '"v1"' };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers });
}

Deno.test("processArtifact() keeps nothing of a broken body whose job is another's by now, and else drops all at the end", async () => {
  for (const [isOurs, kept] of [[true, 2], [false, 0]] as const) {
    await using rig = await openRig();
    await using host = startHost({
      "/broken": () => brokenPdf(),
      "/whole": pdf(),
    });
    const urls = [{ url: `${host.url}/broken` }];
    const confirm = () => Promise.resolve(isOurs);
    const end = await rig.run([resolver("naming", found(urls))], {}, { confirm });
    assert.equal(end.type, "failed");
    assert.equal((await namesIn(`${rig.outDir}/.part`)).length, kept);
    // What was learned went with the process, and the next one is told of another copy.
    const other = resolver("other", found([{ url: `${host.url}/whole` }]));
    assert.equal(recordOf(await rig.run([other])).reason, "ok");
    assert.deepEqual(await namesIn(`${rig.outDir}/.part`), []);
  }
});

Deno.test("processArtifact() drops what it kept of one candidate when another gave the file", async () => {
  await using rig = await openRig();
  await using host = startHost({
    "/broken": () => brokenPdf(),
    "/whole": pdf(),
  });
  const urls = [{ url: `${host.url}/broken` }, { url: `${host.url}/whole` }];
  const end = await rig.run([resolver("naming", found(urls))], { mayResume: false });
  assert.deepEqual([recordOf(end).reason, recordOf(end).tried.length], ["ok", 1]);
  assert.deepEqual(await namesIn(`${rig.outDir}/.part`), []);
});

Deno.test("processArtifact() publishes nothing if the job is no longer ours", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/a": pdf() });
  const naming = resolver("naming", found([{ url: `${host.url}/a` }]));
  const end = await rig.run([naming], {}, { confirm: () => Promise.resolve(false) });
  assert.equal(end.type, "interrupted");
  assert.deepEqual(await namesIn(`${rig.outDir}/.part`), []);
  assert.deepEqual(await namesIn(`${rig.outDir}/doi/10.1234`), []);
});

Deno.test("processArtifact() begins anew with a cursor of another shape", async () => {
  await using rig = await openRig();
  for (const cursor of ["", "{", "null", '{"asked":["naming"]}']) {
    const naming = resolver("naming", found([], { verdict: "closed-access" }));
    assert.equal(recordOf(await rig.run([naming], { cursor })).reason, "closed-access");
    assert.equal(naming.asked.length, 1);
  }
});

/** Permits for so many requests. */
function permitsFor(requests: number, rig: Rig): PermitSource {
  let left = requests;
  return {
    acquire(groups) {
      const permit: Permit = { type: "permit", groups, depart() {}, report() {}, [Symbol.dispose]() {} };
      const until = rig.clock.now() + 1_000;
      return Promise.resolve(left-- > 0 ? permit : closedUntil(until, groups[0]));
    },
  };
}

/** Leases a job again and again with a permit for one request each time, as a host that is asked slowly gives it. */
async function runByOnes(rig: Rig, resolvers: readonly Resolver[], leases = 30) {
  let cursor: string | null = null;
  for (let lease = 0; lease < leases; lease++) {
    const end = await rig.run(resolvers, { cursor }, { permits: permitsFor(1, rig) });
    if (end.type === "closed") assert.doesNotMatch(end.cursor, /secret/);
    if (end.type !== "closed") return recordOf(end);
    cursor = end.cursor;
  }
  throw new Error(`no end after ${leases} leases`);
}

Deno.test("processArtifact() finds a loop and an endless chain of redirects over many holds", async () => {
  await using rig = await openRig();
  let last = 0;
  await using host = startHost({
    "/a": () => Response.redirect(`${host.url}/b`),
    "/b": () => Response.redirect(`${host.url}/a`),
    "/on": () => Response.redirect(`${host.url}/on?${++last}`),
  });
  const loop = await runByOnes(rig, [resolver("naming", found([{ url: `${host.url}/a` }]))]);
  assert.deepEqual([loop.reason, host.paths], ["redirect-loop", ["/a", "/b"]]);
  const chain = await runByOnes(rig, [resolver("naming", found([{ url: `${host.url}/on` }]))]);
  assert.deepEqual([chain.reason, last], ["too-many-redirects", 11]);
});

Deno.test("processArtifact() gives up a file that is gone behind a redirect to a host asked slowly", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/start": () => Response.redirect(`${host.url}/gone`) });
  const record = await runByOnes(rig, [resolver("naming", found([{ url: `${host.url}/start` }]))]);
  // Once more from the start, in case that the way led to a URL that had expired.
  assert.deepEqual([record.reason, host.paths], ["http-4xx", ["/start", "/gone", "/start", "/gone"]]);
});

/** A resolver that makes requests: `ask` gets what its fetch gives, and calls end when that is no answer. */
function asking(
  ask: (fetch: (path: string) => Promise<string>) => Promise<unknown>,
  origin: string,
): Resolver {
  return {
    name: "asking",
    tier: 1,
    accepts: ["doi"],
    group: "asking",
    resolve(_artifact, _signal, fetch: ResolverFetch) {
      const { promise, resolve, reject } = Promise.withResolvers<ResolverAnswer>();
      const get = async (path: string): Promise<string> => {
        const result = await fetch({ url: `${origin}${path}?key=secret`, headers: { "x-key": "secret" } });
        if (result.type === "response") return `${result.response.url}: ${result.response.body}`;
        resolve(result);
        return await new Promise(() => {});
      };
      ask(get).then(() => resolve(found()), reject);
      return promise;
    },
  };
}

Deno.test("processArtifact() repeats to a resolver what it was told before a group closed", async () => {
  await using rig = await openRig();
  await using host = startHost({
    "/one": () => new Response("1"),
    "/two": () => Response.redirect(`${host.url}/three`),
    "/three": () => new Response("3"),
  });
  let heard: readonly string[] = [];
  const inTurn = asking(async (get) => heard = [await get("/one"), await get("/two")], host.url);
  assert.equal((await runByOnes(rig, [inTurn])).reason, "no-open-copy");
  assert.deepEqual(host.paths, ["/one", "/two", "/three"]);
  assert.deepEqual(heard, [`${host.url}/one?key=secret: 1`, `${host.url}/three: 3`]);

  host.paths.length = 0;
  const atOnce = asking(async (get) => heard = await Promise.all([get("/one"), get("/three")]), host.url);
  await runByOnes(rig, [atOnce]);
  assert.deepEqual(host.paths, ["/one", "/three"]);
});

Deno.test("processArtifact() gives up a resolver that asks for something else each time it is repeated", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/start": () => Response.redirect(`${host.url}/end`) });
  let asked = 0;
  const restless = asking((get) => get(`/start?${++asked}`), host.url);
  const record = await runByOnes(rig, [restless], 200);
  assert.deepEqual([record.reason, asked], ["resolver-failed", 101]);
});

Deno.test("processArtifact() keeps of what resolvers were told no more than two million characters", async () => {
  await using rig = await openRig();
  const body = "x".repeat(1_100_000);
  await using host = startHost({ "/one": () => new Response(body), "/two": () => new Response("2") });
  const inTurn = (name: string): Resolver => ({
    ...asking(async (get) => [await get("/one"), await get("/two")], host.url),
    name,
  });
  assert.equal((await runByOnes(rig, [inTurn("a")])).reason, "no-open-copy");
  // With two of them the second one finds no room.
  const end = await rig.run([inTurn("a"), inTurn("b")], {}, { permits: permitsFor(2, rig) });
  const cursor = cursorOf(end);
  assert.ok(cursor.length < 2_000_000, `${cursor.length} characters`);
  assert.deepEqual(JSON.parse(cursor).failed.map(({ reason }: { reason: string }) => reason), [
    "resolver-failed",
  ]);
});
