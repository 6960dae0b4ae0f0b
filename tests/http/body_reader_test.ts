import assert from "node:assert/strict";
import { BodyError, BodyReader, type HttpClientOptions } from "../../src/http/mod.ts";
import { ManualClock } from "../_support/manual_clock.ts";
import { open, type Opened, send, serve, serveRaw } from "./_web.ts";

const MIB = 1024 * 1024;

async function bodyAt(web: Opened, url: string, maxBytes?: number): Promise<BodyReader> {
  const result = await web.get(url, maxBytes === undefined ? {} : { maxBytes });
  if (result.type !== "response") assert.fail(JSON.stringify(result));
  return result.body;
}

/** Reads to the end: how many bytes came, and the reason if that was not all. */
async function drain(body: BodyReader): Promise<{ bytes: number; reason?: string; message?: string }> {
  try {
    while (await body.read() !== null);
    return { bytes: body.bytesRead };
  } catch (error) {
    assert.ok(error instanceof BodyError, String(error));
    return { bytes: body.bytesRead, reason: error.reason, message: error.message };
  }
}

async function compressed(
  format: "gzip" | "deflate",
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream(format))).arrayBuffer(),
  );
}

Deno.test("a body that ends early is truncated, wherever it was cut", async () => {
  const answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde",
  ];
  using web = open();
  for (const answer of answers) {
    await using raw = serveRaw((connection) => send(connection, answer));
    const end = await drain(await bodyAt(web, `${raw.url}/f?key=s3cret`));
    assert.equal(end.reason, "truncated", answer);
    assert.ok(end.bytes >= 3 && !end.message?.includes("s3cret"));
  }
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("a failed body stays failed", async () => {
  await using raw = serveRaw((connection) =>
    send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
  );
  using web = open();
  const body = await bodyAt(web, raw.url);
  await drain(body);
  await assert.rejects(body.read(), { name: "BodyError", reason: "truncated" });
  await body.cancel();
  assert.equal(web.permits.disposed, 1);
});

Deno.test("a body larger than allowed is refused: at once if announced, else when it is", async () => {
  await using server = serve((request) => {
    const bytes = new Uint8Array(3000);
    return new Response(request.url.endsWith("/chunked") ? new Blob([bytes, bytes]).stream() : bytes);
  });
  using web = open({ maxBytes: 2999 });
  assert.deepEqual(await drain(await bodyAt(web, `${server.url}/announced`)), {
    bytes: 0,
    reason: "too-large",
    message: `Cannot read ${server.url}/announced: 3000 bytes are more than 2999`,
  });
  assert.equal((await drain(await bodyAt(web, `${server.url}/chunked`))).reason, "too-large");
  assert.deepEqual(await drain(await bodyAt(web, `${server.url}/announced`, 3000)), { bytes: 3000 });
  await assert.rejects((await bodyAt(web, `${server.url}/announced`, 3000)).readText(100), {
    reason: "too-large",
  });
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("a body that falls silent times out, by one timer and by the time since the last bytes", async () => {
  const connected = Promise.withResolvers<Deno.TcpConn>();
  await using raw = serveRaw(async (connection) => {
    await send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na", false);
    connected.resolve(connection);
  });
  const clock = new ManualClock();
  using web = open({ clock, timeouts: { idleMs: 1000, totalMs: 60_000 } });
  const body = await bodyAt(web, raw.url);
  await body.read();
  const connection = await connected.promise;
  for (let i = 0; i < 5; i++) {
    const next = body.read();
    await clock.advance(900);
    assert.equal(clock.pendingTimers, 1);
    await send(connection, "b", false);
    assert.equal((await next)?.length, 1);
  }
  const silence = assert.rejects(body.read(), { name: "BodyError", reason: "timeout" });
  await clock.advance(999);
  assert.equal(web.permits.disposed, 0);
  await clock.advance(1);
  await silence;
  assert.equal(web.permits.disposed, 1);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a slow reader is no idle host, but the total counts, and gives the permit back unread", async () => {
  await using raw = serveRaw((connection) =>
    send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na", false)
  );
  const clock = new ManualClock();
  using web = open({ clock, timeouts: { idleMs: 1000, totalMs: 10_000 } });
  const body = await bodyAt(web, raw.url);
  await body.read();
  await clock.advance(9999);
  assert.equal(web.permits.disposed, 0);
  await clock.advance(1);
  assert.equal(web.permits.disposed, 1);
  await assert.rejects(body.read(), { reason: "timeout", message: /10000 ms/ });
});

Deno.test("the caller's signal ends a body, being read or not", async () => {
  await using raw = serveRaw((connection) =>
    send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na", false)
  );
  using web = open();
  for (const reading of [true, false]) {
    const controller = new AbortController();
    const result = await web.get(raw.url, { signal: controller.signal });
    assert.ok(result.type === "response");
    await result.body.read();
    const pending = reading ? result.body.read() : undefined;
    controller.abort(new Error("stop"));
    assert.equal(web.permits.granted, web.permits.disposed);
    await assert.rejects(pending ?? result.body.read(), { message: "stop" });
  }
});

Deno.test("a body is cancelled by leaving it, by disposal and by hand, once", async () => {
  await using server = serve(() => new Response(new Blob([new Uint8Array(MIB)]).stream()));
  using web = open();
  for await (const _chunk of await bodyAt(web, server.url)) break;
  {
    await using body = await bodyAt(web, server.url);
    await body.read();
  }
  const body = await bodyAt(web, server.url);
  await body.cancel();
  await body.cancel();
  await assert.rejects(body.read(), TypeError);
  assert.equal(web.permits.disposed, 3);
  assert.ok(!web.permits.log.some((line) => line.startsWith("SECOND")));
});

Deno.test("peekText() keeps a failure for whoever reads", async () => {
  await using raw = serveRaw((connection) =>
    send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
  );
  using web = open();
  const body = await bodyAt(web, raw.url);
  assert.equal(await body.peekText(10), "abc");
  await assert.rejects(body.readText(), { name: "BodyError", reason: "truncated" });
});

Deno.test("readText() shows where a text is cut amid a character", async () => {
  await using server = serve(() => new Response(new Uint8Array([0x61, 0xc3])));
  using web = open();
  assert.equal(await (await bodyAt(web, server.url)).readText(), "a\ufffd");
});

Deno.test("a body whose request is over already ends at once, and takes no other length than a number", async () => {
  const reader = (length: string, signal: AbortSignal, onEnd: () => void) =>
    new BodyReader({
      stream: new ReadableStream({ type: "bytes" }),
      headers: new Headers({ "content-length": length }),
      url: "http://a.example/",
      maxBytes: 10,
      idleMs: 10,
      deadline: { begin() {}, pause() {} },
      signal,
      onEnd,
    });
  let ended = 0;
  const body = reader("5", AbortSignal.abort(new Error("stop")), () => ended++);
  assert.equal(ended, 1);
  await assert.rejects(body.read(), { message: "stop" });
  const { signal } = new AbortController();
  for (const [length, bytes] of [["5", 5], ["5e3", null], ["-5", null], ["5, 5", null]] as const) {
    await using open = reader(length, signal, () => {});
    assert.equal(open.expectedBytes, bytes);
  }
});

Deno.test("peekText() shows the beginning and takes nothing away", async () => {
  await using server = serve(() => new Response(`é${"x".repeat(200_000)}`));
  using web = open();
  const body = await bodyAt(web, server.url);
  assert.match(await body.peekText(10), /^éx+$/);
  assert.match(await body.peekText(10), /^x+$/);
  assert.equal((await body.readText()).length, 200_001);
  await using whole = await bodyAt(web, server.url);
  assert.equal(await whole.peekText(Infinity), `é${"x".repeat(200_000)}`);
  assert.equal(web.permits.disposed, 1);
});

/** On early Deno `fetch` decodes by itself, whatever was asked for. */
const decodesItself = /^2\.[0-8]\./.test(Deno.version.deno);

Deno.test({
  name: "codings that were not asked for are undone, up to two layers",
  ignore: decodesItself,
  async fn() {
    const text = new Uint8Array(500_000).map((_, index) => (index * index) >> 7);
    const gzip = await compressed("gzip", text);
    const bodies: Record<string, [string, Uint8Array<ArrayBuffer>]> = {
      "/gzip": ["gzip", gzip],
      "/x-gzip": ["X-GZIP", gzip],
      "/deflate": ["deflate", await compressed("deflate", text)],
      "/twice": ["deflate, gzip", await compressed("gzip", await compressed("deflate", text))],
      "/twice-under-one": ["gzip", await compressed("gzip", gzip)],
      "/not-at-all": ["gzip", text],
      "/once-under-two": ["gzip, gzip", gzip],
      "/nothing": ["gzip", new Uint8Array()],
      "/identity": ["identity", text],
    };
    await using server = serve((request) => {
      const [coding, bytes] = bodies[new URL(request.url).pathname] ?? ["", text];
      return new Response(bytes, { headers: { "content-encoding": coding } });
    });
    using web = open();
    for (const path of Object.keys(bodies)) {
      const body = await bodyAt(web, server.url + path);
      assert.equal(body.expectedBytes, path === "/identity" ? text.length : null);
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of body) chunks.push(chunk.slice());
      assert.deepEqual(await new Blob(chunks).bytes(), path === "/nothing" ? new Uint8Array() : text, path);
    }
    assert.equal(web.permits.granted, web.permits.disposed);
  },
});

Deno.test({
  name: "codings that cannot be undone, broken ones and bombs are refused",
  ignore: decodesItself,
  async fn() {
    const gzip = await compressed("gzip", new Uint8Array(40 * MIB));
    const cases: [string, Uint8Array<ArrayBuffer>, string, number][] = [
      ["br", gzip, "not-pdf", 0],
      ["gzip, gzip, gzip", gzip, "not-pdf", 0],
      ["gzip", new Uint8Array([0x1f]), "truncated", 0],
      [
        "gzip",
        (await compressed("gzip", crypto.getRandomValues(new Uint8Array(60_000)))).slice(0, 50_000),
        "truncated",
        60_000,
      ],
      // 1,000:1, stopped soon after the 10 MiB that any ratio may have.
      ["gzip", gzip, "too-large", 16 * MIB],
      ["gzip", await compressed("gzip", gzip), "too-large", 16 * MIB],
    ];
    const noise = await compressed("gzip", crypto.getRandomValues(new Uint8Array(60_000)));
    const modest = await compressed("gzip", new Uint8Array(8 * MIB));
    await using server = serve((request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/noise") return new Response(noise, { headers: { "content-encoding": "gzip" } });
      const [coding, bytes] = cases[Number(pathname.slice(1))] ?? ["gzip", modest];
      return new Response(bytes, { headers: { "content-encoding": coding } });
    });
    using web = open();
    for (const [index, [coding, , reason, most]] of cases.entries()) {
      const end = await drain(await bodyAt(web, `${server.url}/${index}`));
      assert.equal(end.reason, reason, `${index} ${coding}: ${end.message}`);
      assert.ok(end.bytes <= most, `${coding}: ${end.bytes} bytes`);
    }
    // What does not pack well is longer when packed.
    assert.equal((await drain(await bodyAt(web, `${server.url}/noise`, 60_001))).reason, "too-large");
    // Both caps hold: this one is small when packed.
    assert.equal((await drain(await bodyAt(web, `${server.url}/modest`))).bytes, 8 * MIB);
    assert.equal((await drain(await bodyAt(web, `${server.url}/modest`, 5 * MIB))).reason, "too-large");
    assert.equal(web.permits.granted, web.permits.disposed);
  },
});

Deno.test("a body of 200 MB raises memory by less than 32 MB", async () => {
  const total = 200 * MIB;
  const piece = new Uint8Array(64 * 1024);
  await using raw = serveRaw(async (connection) => {
    await send(connection, `HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`, false);
    for (let left = total; left > 0;) {
      left -= await connection.write(left < piece.length ? piece.subarray(0, left) : piece);
    }
    connection.close();
  });
  const options: Partial<HttpClientOptions> = { timeouts: { idleMs: 10_000 } };
  using web = open(options);
  const body = await bodyAt(web, raw.url);
  await body.read();
  const before = Deno.memoryUsage().rss;
  let peak = 0;
  while (await body.read() !== null) peak = Math.max(peak, Deno.memoryUsage().rss);
  assert.equal(body.bytesRead, total);
  assert.ok(peak - before < 32 * MIB, `${((peak - before) / MIB).toFixed(1)} MiB`);
});
