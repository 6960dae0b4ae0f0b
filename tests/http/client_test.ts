import assert from "node:assert/strict";
import { createHttpClient, createUrlPolicy } from "../../src/http/mod.ts";
import { silentLogger, silentMeter } from "../../src/model/ports.ts";
import { ManualClock } from "../_support/manual_clock.ts";
import { CERTIFICATE } from "./_certificate.ts";
import { answerAll, bodyOf, open, send, serve, serveRaw, serveTls } from "./_web.ts";

function redirectTo(location: string, status = 302): Response {
  return new Response("elsewhere", { status, headers: { location } });
}

Deno.test("get() takes a permit, reports the headers and gives it back at the body's end", async () => {
  await using server = serve(() => new Response("hello", { headers: { etag: '"x"' } }));
  using web = open();
  const result = await web.get(`${server.url}/a?b#c`, { groups: ["api", "api"] });
  if (result.type !== "response") assert.fail(JSON.stringify(result));
  assert.equal(result.status, 200);
  assert.equal(result.headers.get("etag"), '"x"');
  assert.equal(result.finalUrl, `${server.url}/a?b#c`);
  assert.equal(result.body.expectedBytes, 5);
  assert.deepEqual(web.permits.log, [
    `acquire api api host:127.0.0.1:${server.port}`,
    "depart 1",
    "report 1 200",
  ]);
  assert.equal(await result.body.readText(), "hello");
  assert.equal(web.permits.log.at(-1), "dispose 1");
  assert.equal(web.permits.granted, web.permits.disposed);
  const [feedback] = web.permits.feedback;
  assert.ok(
    feedback?.type === "answered" && feedback.latencyMs >= 0 && feedback.headers.get("etag") === '"x"',
  );
});

Deno.test("get() asks for identity, names itself, and lets a caller set nothing of the connection", async () => {
  let seen = new Headers();
  await using server = serve((request) => {
    seen = request.headers;
    return new Response();
  });
  using web = open();
  await bodyOf(
    await web.get(server.url, {
      headers: { "accept-encoding": "gzip", host: "evil.example", "user-agent": "x", "x-key": "k" },
    }),
  );
  assert.equal(seen.get("accept-encoding"), "identity");
  assert.equal(seen.get("host"), `127.0.0.1:${server.port}`);
  assert.equal(seen.get("user-agent"), "test/1.0");
  assert.equal(seen.get("x-key"), "k");
});

Deno.test("get() follows a chain across hosts with one permit at a time, each of its own host", async () => {
  await using last = serve(() => new Response("end"), "127.0.0.3");
  await using middle = serve(() => redirectTo(`${last.url}/z`, 308), "127.0.0.2");
  await using first = serve((request) =>
    new URL(request.url).pathname === "/a" ? redirectTo("/b", 301) : redirectTo(middle.url, 303)
  );
  using web = open();
  const result = await web.get(`${first.url}/a#page=2`, { groups: ["g"] });
  assert.equal(await bodyOf(result), "end");
  assert.ok(result.type === "response");
  assert.equal(result.finalUrl, `${last.url}/z#page=2`);
  assert.deepEqual(result.hops, [
    `${first.url}/a#page=2`,
    `${first.url}/b#page=2`,
    `${middle.url}/#page=2`,
    `${last.url}/z#page=2`,
  ]);
  assert.deepEqual(web.permits.log, [
    `acquire g host:127.0.0.1:${first.port}`,
    "depart 1",
    "report 1 301",
    "dispose 1",
    `acquire g host:127.0.0.1:${first.port}`,
    "depart 2",
    "report 2 303",
    "dispose 2",
    `acquire g host:127.0.0.2:${middle.port}`,
    "depart 3",
    "report 3 308",
    "dispose 3",
    `acquire g host:127.0.0.3:${last.port}`,
    "depart 4",
    "report 4 200",
    "dispose 4",
  ]);
});

Deno.test("get() uses groupOf for hosts that share a group, and groupsOf for all of a hop's", async () => {
  await using server = serve(() => new Response());
  using web = open({ groupOf: () => "arxiv" });
  await bodyOf(await web.get(server.url, { groups: ["g"] }));
  await bodyOf(await web.get(server.url, { groups: ["g"], groupsOf: (url) => [url.host] }));
  assert.deepEqual(web.permits.log.filter((line) => line.startsWith("acquire")), [
    "acquire g arxiv",
    `acquire 127.0.0.1:${server.port}`,
  ]);
});

Deno.test("get() sends nothing when a group is closed, and says where to go on", async () => {
  const requests: string[] = [];
  await using second = serve((request) => (requests.push(request.url), new Response()), "127.0.0.2");
  await using first = serve((request) => (requests.push(request.url), redirectTo(`${second.url}/pdf`)));
  using web = open();
  const closed = web.permits.close(`host:127.0.0.2:${second.port}`);
  assert.deepEqual(await web.get(`${first.url}/`), {
    type: "closed",
    closed,
    resumeUrl: `${second.url}/pdf`,
    hops: [`${first.url}/`],
  });
  assert.equal(requests.length, 1);
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("get() recognises loops, by whatever fragment, and counts redirects", async () => {
  let requests = 0;
  await using server = serve((request) => {
    requests++;
    const { pathname } = new URL(request.url);
    if (pathname === "/a") return redirectTo("/b");
    if (pathname === "/b") return redirectTo("/a#again");
    if (pathname === "/self") return redirectTo("/self");
    return redirectTo(`/${Number(pathname.slice(1)) + 1}`);
  });
  using web = open({ maxRedirects: 3 });
  const reasonOf = async (path: string) => {
    const result = await web.get(server.url + path);
    return result.type === "refused" ? result.reason : result.type;
  };
  assert.equal(await reasonOf("/a"), "redirect-loop");
  assert.equal(await reasonOf("/self"), "redirect-loop");
  requests = 0;
  assert.equal(await reasonOf("/1"), "too-many-redirects");
  assert.equal(requests, 4);
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("get() checks each hop by the policy before it takes a permit", async () => {
  let target = "";
  await using server = serve(() => redirectTo(target));
  using web = open();
  const cases: [string, string][] = [
    ["http://10.0.0.1/", "private-address"],
    ["http://[::ffff:a9fe:a9fe]/latest/meta-data", "private-address"],
    ["file:///etc/passwd", "bad-url"],
    ["http://user:pw@127.0.0.1/", "bad-url"],
    ["http://[", "bad-url"],
  ];
  for (const [location, reason] of cases) {
    target = location;
    const result = await web.get(server.url);
    assert.ok(
      result.type === "refused" && result.reason === reason,
      `${location}: ${JSON.stringify(result)}`,
    );
  }
  assert.equal(web.permits.granted, cases.length);
  assert.equal(web.permits.disposed, cases.length);
});

Deno.test("get() lets no credential cross origins, nor come back with a later hop", async () => {
  const seen: Record<string, string[]> = {};
  const note = (request: Request) => {
    seen[new URL(request.url).pathname] = [...request.headers.keys()];
  };
  await using other = serve((request) => (note(request), redirectTo(`${home.url}/back`)), "127.0.0.2");
  await using home = serve((request) => {
    note(request);
    const { pathname } = new URL(request.url);
    if (pathname === "/start") return redirectTo("/same");
    if (pathname === "/same") return redirectTo(`${other.url}/other`);
    return new Response();
  });
  using web = open();
  const headers = {
    authorization: "Bearer s",
    "x-api-key": "s",
    "crossref-plus-api-token": "s",
    cookie: "s",
    accept: "application/pdf",
    range: "bytes=5-",
  };
  await bodyOf(await web.get(`${home.url}/start`, { headers }));
  const secrets = ["authorization", "cookie", "crossref-plus-api-token", "x-api-key"];
  const sent = (path: string) => secrets.filter((name) => seen[path]?.includes(name));
  assert.deepEqual([sent("/start"), sent("/same"), sent("/other"), sent("/back")], [
    secrets,
    secrets,
    [],
    [],
  ]);
  assert.ok(seen["/back"]?.includes("accept") && seen["/back"].includes("range"));
});

Deno.test("get() lets no credential cross from one scheme to the other", async () => {
  const keys: (string | null)[] = [];
  using _fetch = answerAll((url, headers) => {
    keys.push(headers.get("x-key"));
    return url.startsWith("http:") ? redirectTo("https://127.0.0.1:8443/") : new Response();
  });
  using web = open();
  const result = await web.get("http://127.0.0.1:8443/", { headers: { "x-key": "k" } });
  assert.equal(await bodyOf(result), "");
  assert.deepEqual(keys, ["k", null]);
});

Deno.test("get() asks for identity of every origin", async () => {
  const asked: (string | null)[] = [];
  const note = (request: Request) => asked.push(request.headers.get("accept-encoding"));
  await using other = serve((request) => (note(request), new Response()), "127.0.0.2");
  await using home = serve((request) => (note(request), redirectTo(`${other.url}/`)));
  using web = open();
  await bodyOf(await web.get(home.url));
  assert.deepEqual(asked, ["identity", "identity"]);
});

Deno.test("get() reads Location as servers write it", async () => {
  let line = "";
  await using raw = serveRaw(async (connection, request) => {
    line = request.split(" ")[1] ?? "";
    await send(
      connection,
      line.startsWith("/go")
        ? "HTTP/1.1 302 x\r\nLocation:  /a b/\xc3\xa9?q=\xe9%20 \r\nContent-Length: 0\r\n\r\n"
        : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    );
  });
  using web = open();
  await bodyOf(await web.get(`${raw.url}/go`));
  assert.equal(line, "/a%20b/%C3%A9?q=%E9%20");
});

Deno.test("get() takes a redirect without Location, and 304, as answers", async () => {
  await using server = serve((request) =>
    new Response(null, { status: Number(new URL(request.url).pathname.slice(1)) })
  );
  using web = open();
  for (const status of [302, 304]) {
    const result = await web.get(`${server.url}/${status}`);
    assert.ok(result.type === "response" && result.status === status);
    await result.body.cancel();
  }
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("get() holds on 429, and on 503 with Retry-After, after the groups were told", async () => {
  await using server = serve((request) => {
    const { pathname } = new URL(request.url);
    const headers: Record<string, string> = pathname === "/503-bare" ? {} : { "retry-after": "7" };
    if (pathname === "/archived") headers["memento-datetime"] = "Mon, 01 Jan 2024 00:00:00 GMT";
    return new Response("slow", { status: pathname.startsWith("/503") ? 503 : 429, headers });
  });
  const clock = new ManualClock();
  using web = open({ clock });
  const group = `host:127.0.0.1:${server.port}`;
  for (const path of ["/429", "/503"]) {
    const result = await web.get(server.url + path);
    assert.ok(result.type === "limited", path);
    assert.equal(result.headers.get("retry-after"), "7");
    // These groups stay open, as those of a rule that ignores it: the client falls back to what the host said.
    assert.deepEqual(result.closed, { type: "closed", group, until: clock.now() + 7000, why: "cool-down" });
  }
  for (const path of ["/archived", "/503-bare"]) {
    const result = await web.get(server.url + path);
    assert.ok(result.type === "response", path);
    await result.body.cancel();
  }
  assert.equal(web.permits.granted, web.permits.disposed);
  assert.deepEqual(web.permits.log.slice(0, 4), [
    `acquire ${group}`,
    "depart 1",
    "report 1 429",
    "dispose 1",
  ]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("get() gives the groups' own word on when they open, and comes back soon if they are", async () => {
  await using server = serve(() => new Response("slow", { status: 429 }));
  const clock = new ManualClock();
  using web = open({ clock });
  const result = await web.get(server.url, {
    permits: {
      acquire: (groups) =>
        web.permits.granted === 0
          ? web.permits.acquire(groups)
          : Promise.resolve(web.permits.close("host:x", 1234)),
    },
  });
  assert.ok(result.type === "limited");
  assert.deepEqual([result.closed.group, result.closed.until], ["host:x", 1234]);
  const again = await web.get(server.url, { groups: ["api"] });
  assert.ok(again.type === "limited" && again.closed.until === clock.now() + 1_000);
  // It is the host that refused.
  assert.equal(again.closed.group, `host:127.0.0.1:${new URL(server.url).port}`);
});

Deno.test("get() sorts failures: refused, unknown host, not TLS, broken before the answer", async () => {
  await using broken = serveRaw((connection) => connection.close());
  await using garbage = serveRaw((connection) => send(connection, "garbage\r\n\r\n"));
  using web = open();
  const cases: [string, string, string | undefined][] = [
    // An address of its own: a port of 127.0.0.1 that is free now is another test's in a moment.
    ["http://127.98.76.54:8080/?key=s3cret", "connect-failed", "connect-failed"],
    ["http://nowhere.invalid/?key=s3cret", "connect-failed", undefined],
    [`https://127.0.0.1:${garbage.port}/?key=s3cret`, "tls-failed", "tls-failed"],
    [`${broken.url}/?key=s3cret`, "connect-failed", "unanswered"],
    [`${garbage.url}/tls/certificate?key=s3cret`, "connect-failed", "unanswered"],
  ];
  for (const [url, reason, told] of cases) {
    web.permits.feedback.length = 0;
    const result = await web.get(url);
    assert.ok(result.type === "failed", JSON.stringify(result));
    assert.equal(result.reason, reason, result.detail);
    assert.ok(!result.detail.includes("s3cret"), result.detail);
    assert.deepEqual(web.permits.feedback, told ? [{ type: "failed", reason: told }] : []);
  }
  // A port that no browser connects to either: nothing was tried, so the groups are told nothing.
  web.permits.feedback.length = 0;
  const blocked = await web.get("http://127.0.0.1:6000/?key=s3cret");
  assert.ok(blocked.type === "refused" && blocked.reason === "bad-url", JSON.stringify(blocked));
  assert.deepEqual(web.permits.feedback, []);
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("get() counts what others take their time for in the total alone", async () => {
  await using server = serve(() => new Response("hello"));
  const clock = new ManualClock();
  const timeouts = { connectMs: 1000, firstByteMs: 1000, idleMs: 1000, totalMs: 60_000 };
  using web = open({ clock, timeouts, lookup: () => Promise.resolve(["127.0.0.1"]) });
  const result = await web.get(`http://named.invalid:${server.port}/`, {
    permits: {
      async acquire(groups) {
        await clock.advance(20_000);
        return await web.permits.acquire(groups);
      },
    },
  });
  await clock.advance(20_000);
  assert.equal(await bodyOf(result), "hello");
});

Deno.test("get() gives up a robots.txt that never comes, and throws what the check throws", async () => {
  const clock = new ManualClock();
  const asked = Promise.withResolvers<void>();
  using web = open({ clock, timeouts: { totalMs: 1000 } });
  const robots = () => (asked.resolve(), new Promise<never>(() => {}));
  const pending = web.get("http://127.0.0.1/", { robots });
  await asked.promise;
  await clock.advance(1000);
  const result = await pending;
  assert.ok(result.type === "failed" && result.reason === "timeout", JSON.stringify(result));
  const broken = web.get("http://127.0.0.1/", { robots: () => Promise.reject(new TypeError("a defect")) });
  await assert.rejects(broken, { name: "TypeError", message: "a defect" });
  assert.equal(web.permits.granted, 0);
});

Deno.test("get() leaves nothing on the caller's signal", async () => {
  await using server = serve(() => new Response("hello"));
  using web = open();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  assert.equal(await bodyOf(await web.get(server.url, { signal })), "hello");
  await web.get("http://10.0.0.1/", { signal });
  assert.equal(listeners, 0);
});

Deno.test("get() gives up waiting for headers, and tells the groups", async () => {
  const arrived = Promise.withResolvers<void>();
  await using silent = serveRaw(() => arrived.resolve());
  const clock = new ManualClock();
  using web = open({ clock, timeouts: { connectMs: 1000, firstByteMs: 5000 } });
  const pending = web.get(silent.url);
  await arrived.promise;
  await clock.advance(5999);
  assert.deepEqual(web.permits.feedback, []);
  await clock.advance(1);
  const result = await pending;
  assert.ok(result.type === "failed" && result.reason === "timeout", JSON.stringify(result));
  assert.deepEqual(web.permits.feedback, [{ type: "failed", reason: "timeout" }]);
  assert.equal(web.permits.disposed, 1);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("get() throws the caller's reason when aborted, having told the groups that the request left", async () => {
  const arrived = Promise.withResolvers<void>();
  await using silent = serveRaw(() => arrived.resolve());
  using web = open();
  const controller = new AbortController();
  const pending = web.get(silent.url, { signal: controller.signal });
  await arrived.promise;
  controller.abort(new Error("stop"));
  await assert.rejects(pending, { message: "stop" });
  assert.deepEqual(web.permits.feedback, [{ type: "failed", reason: "unanswered" }]);
  await assert.rejects(web.get(silent.url, { signal: controller.signal }), { message: "stop" });
  assert.equal(web.permits.granted, 1);
  assert.equal(web.permits.disposed, 1);
});

Deno.test("get() follows from https to http only if that is allowed, and the other way always", async () => {
  await using plain = serve((request) =>
    request.url.endsWith("/up") ? redirectTo(`${secure.url}/end`) : new Response("plain")
  );
  await using secure = serveTls((request) =>
    request.url.endsWith("/down") ? redirectTo(`${plain.url}/end`) : new Response("tls")
  );
  const options = { caCerts: [CERTIFICATE], lookup: () => Promise.resolve(["127.0.0.1"]) };
  using web = open(options);
  const refused = await web.get(`${secure.url}/down`);
  assert.ok(
    refused.type === "refused" && refused.reason === "bad-url" && /https to http/.test(refused.detail),
  );
  assert.equal(await bodyOf(await web.get(`${plain.url}/up`)), "tls");
  using lax = open({ ...options, allowDowngrade: true });
  assert.equal(await bodyOf(await lax.get(`${secure.url}/down`)), "plain");
});

Deno.test("a redirect from https to http asks for the same page over https", async () => {
  const target = "http://old.example/a?b=c";
  await using secure = serveTls(() => redirectTo(target));
  const asked: string[] = [];
  const lookup = (host: string) => {
    asked.push(host);
    return Promise.resolve(["127.0.0.1"]);
  };
  using web = open({ caCerts: [CERTIFICATE], lookup, groupOf: (url) => url.origin });
  const result = await web.get(secure.url);
  // Nobody listens there; what counts is what was asked for.
  assert.ok(
    result.type === "failed" && /https:\/\/old.example\/a/.test(result.detail),
    JSON.stringify(result),
  );
  assert.deepEqual(asked, [new URL(secure.url).hostname, "old.example"]);
  assert.equal(web.permits.log.includes("acquire https://old.example"), true, web.permits.log.join());
});

Deno.test("a permit that is granted to a request given up meanwhile is refunded", async () => {
  let requests = 0;
  await using server = serve(() => (requests++, new Response()));
  using web = open();
  const controller = new AbortController();
  const pending = web.get(server.url, {
    signal: controller.signal,
    permits: {
      acquire(groups) {
        controller.abort(new Error("stop"));
        return web.permits.acquire(groups);
      },
    },
  });
  await assert.rejects(pending, { message: "stop" });
  assert.deepEqual(web.permits.log.slice(1), ["dispose 1"]);
  assert.equal(requests, 0);
});

Deno.test("createHttpClient() refuses numbers out of bounds", () => {
  for (const options of [{ maxRedirects: -1 }, { maxBytes: NaN }, { timeouts: { idleMs: -5 } }]) {
    assert.throws(
      () =>
        createHttpClient({
          clock: new ManualClock(),
          logger: silentLogger,
          meter: silentMeter,
          policy: createUrlPolicy({}),
          userAgent: "x",
          ...options,
        }),
      RangeError,
    );
  }
});
