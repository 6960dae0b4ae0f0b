import assert from "node:assert/strict";
import { BodyError, BodyReader, createRobots, type HttpClient, type HttpResult } from "../../src/http/mod.ts";
import { ManualClock } from "../_support/manual_clock.ts";
import { open, type Opened, RecordingPermits, send, serve, serveRaw } from "./_web.ts";

const RULES =
  "User-agent: *\nDisallow: /\n\nUser-agent: ContentDownload\nDisallow: /private\nAllow: /private/open\n";

function obey(web: Opened, clock = new ManualClock()): (url: string) => Promise<HttpResult> {
  const robots = createRobots({
    client: web.client,
    clock,
    userAgent: "contentdownload/1.0 (mailto:a@b.example)",
  });
  return async (url) => {
    const result = await web.get(url, { robots });
    if (result.type === "response") await result.body.cancel();
    return result;
  };
}

function outcome(result: HttpResult): string {
  return result.type === "refused" || result.type === "failed" ? result.reason : result.type;
}

Deno.test("robots.txt is asked for once, under the host's own permit, and obeyed by the program's name", async () => {
  const asked: string[] = [];
  await using server = serve((request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    return new Response(pathname === "/robots.txt" ? RULES : "file");
  });
  using web = open();
  const get = obey(web);
  const paths = ["/a", "/private/x", "/private/open/x", "/private"];
  const results = await Promise.all(paths.map((path) => get(server.url + path)));
  assert.deepEqual(results.map(outcome), ["response", "robots-disallowed", "response", "robots-disallowed"]);
  assert.deepEqual(asked.toSorted(), ["/a", "/private/open/x", "/robots.txt"]);
  assert.deepEqual(web.permits.log.slice(0, 3), [
    `acquire host:127.0.0.1:${server.port}`,
    "depart 1",
    "report 1 200",
  ]);
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("each hop of a redirect is asked for at its own host", async () => {
  await using second = serve(() => new Response("User-agent: *\nDisallow: /f"), "127.0.0.2");
  await using first = serve((request) =>
    request.url.endsWith("/robots.txt")
      ? new Response("", { status: 404 })
      : Response.redirect(`${second.url}/f.pdf`)
  );
  using web = open();
  assert.equal(outcome(await obey(web)(`${first.url}/go`)), "robots-disallowed");
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("a file that is not there allows, one that cannot be had is tried again later", async () => {
  const cases: [string, string][] = [
    ["HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", "response"],
    ["HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", "response"],
    ["HTTP/1.1 302 x\r\nLocation: /robots.txt\r\nContent-Length: 0\r\n\r\n", "response"],
    ["HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", "http-5xx"],
    ["HTTP/1.1 429 x\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n", "closed"],
    ["HTTP/1.1 200 x\r\nContent-Length: 500\r\n\r\nUser-agent: *\nDisallow: /\n", "connect-failed"],
    ["", "connect-failed"],
  ];
  for (const [answer, expected] of cases) {
    await using raw = serveRaw((connection, request) =>
      send(
        connection,
        request.startsWith("GET /robots.txt ") ? answer : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      )
    );
    using web = open();
    assert.equal(outcome(await obey(web)(`${raw.url}/f`)), expected, answer);
    assert.equal(web.permits.granted, web.permits.disposed);
  }
});

Deno.test("a file is kept for a day, a failure for a minute, a hold not at all", async () => {
  let status = 500;
  let asked = 0;
  await using server = serve((request) => {
    if (!request.url.endsWith("/robots.txt")) return new Response();
    asked++;
    return new Response("", { status });
  });
  const clock = new ManualClock();
  using web = open();
  const get = obey(web, clock);
  const twice =
    async () => [outcome(await get(`${server.url}/f`)), outcome(await get(`${server.url}/f`)), asked];
  assert.deepEqual(await twice(), ["http-5xx", "http-5xx", 1]);
  await clock.advance(60_000);
  status = 429;
  assert.deepEqual(await twice(), ["closed", "closed", 3]);
  status = 200;
  assert.deepEqual(await twice(), ["response", "response", 4]);
  await clock.advance(86_399_999);
  assert.deepEqual(await twice(), ["response", "response", 4]);
  await clock.advance(1);
  assert.deepEqual(await twice(), ["response", "response", 5]);
});

Deno.test("what lies beyond 512 KiB of a file is not read", async () => {
  const rules = (bytes: number) => `User-agent: *\n#${"-".repeat(bytes)}\nDisallow: /\n`;
  await using server = serve((request) => {
    const { pathname } = new URL(request.url);
    return new Response(pathname === "/robots.txt" ? rules(2 * 1024 * 1024) : "");
  });
  await using shorter = serve(() => new Response(rules(500 * 1024)));
  using web = open();
  const get = obey(web);
  assert.equal(outcome(await get(`${server.url}/f`)), "response");
  assert.equal(outcome(await get(`${shorter.url}/f`)), "robots-disallowed");
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("a file that breaks off has failed as its body did", async () => {
  for (const [why, reason] of [["timeout", "timeout"], ["truncated", "connect-failed"]] as const) {
    const body = new BodyReader({
      stream: new ReadableStream({ type: "bytes" }),
      headers: new Headers(),
      url: "http://a.example/robots.txt",
      maxBytes: 10,
      idleMs: 10,
      deadline: { begin() {}, pause() {} },
      signal: AbortSignal.abort(new BodyError(why, "it broke off")),
      onEnd() {},
    });
    const client: HttpClient = {
      get: (url) =>
        Promise.resolve({
          type: "response",
          status: 200,
          headers: new Headers(),
          finalUrl: url,
          hops: [],
          body,
        }),
      [Symbol.dispose]() {},
    };
    const robots = createRobots({ client, clock: new ManualClock(), userAgent: "x" });
    const context = { permits: new RecordingPermits(), signal: new AbortController().signal };
    const verdict = await robots(new URL("http://a.example/f"), context);
    assert.ok(verdict.type === "failed" && verdict.reason === reason, JSON.stringify(verdict));
  }
});

Deno.test("the files of 10,000 hosts are kept, those that were asked for last", async () => {
  const asked: string[] = [];
  const clock = new ManualClock();
  const client: HttpClient = {
    get(url) {
      asked.push(new URL(url).host);
      return Promise.resolve({ type: "refused", reason: "bad-url", detail: "", url });
    },
    [Symbol.dispose]() {},
  };
  const robots = createRobots({ client, clock, userAgent: "x" });
  const context = { permits: new RecordingPermits(), signal: new AbortController().signal };
  const ask = (n: number) => robots(new URL(`http://h${n}.example/f`), context);
  await ask(0);
  await clock.advance(86_400_000);
  for (let n = 1; n < 10_000; n++) await ask(n);
  // Asked for anew, since a day has passed, the first is younger than all others.
  await ask(0);
  await ask(10_000);
  asked.length = 0;
  for (const n of [0, 2, 10_000, 1]) await ask(n);
  assert.deepEqual(asked, ["h1.example"]);
});

Deno.test("a job that gives up while asking leaves the others to ask themselves", async () => {
  let asked = 0;
  const arrived = Promise.withResolvers<void>();
  await using raw = serveRaw((connection, request) => {
    if (request.startsWith("GET /robots.txt ") && ++asked === 1) return arrived.resolve();
    return send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  using web = open();
  const robots = createRobots({ client: web.client, clock: new ManualClock(), userAgent: "x" });
  const controller = new AbortController();
  const first = assert.rejects(web.get(`${raw.url}/f`, { robots, signal: controller.signal }), {
    message: "stop",
  });
  const second = web.get(`${raw.url}/f`, { robots });
  await arrived.promise;
  controller.abort(new Error("stop"));
  await first;
  const result = await second;
  assert.equal(outcome(result), "response");
  if (result.type === "response") await result.body.cancel();
  assert.equal(asked, 2);
});
