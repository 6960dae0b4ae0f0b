import assert from "node:assert/strict";
import { createUrlPolicy } from "../../src/http/mod.ts";
import { CERTIFICATE } from "./_certificate.ts";
import { answerAll, bodyOf, open, send, serve, serveRaw, serveTls } from "./_web.ts";

Deno.test("plain HTTP is pinned to the vetted address: a name rebound meanwhile changes nothing", async () => {
  let line = "";
  let host = "";
  await using raw = serveRaw(async (connection, request) => {
    line = request.split("\r\n")[0] ?? "";
    host = /^host: (.*)$/im.exec(request)?.[1] ?? "";
    await send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  // No resolver knows this name: only the address that the lookup gave can have been dialled.
  using web = open({ lookup: () => Promise.resolve(["127.0.0.1"]) });
  const result = await web.get(`http://rebound.invalid:${raw.port}/p/%7e?q=1#f`);
  assert.equal(await bodyOf(result), "ok");
  assert.equal(line, "GET /p/%7e?q=1 HTTP/1.1");
  assert.equal(host, `rebound.invalid:${raw.port}`);
  assert.equal(web.permits.log[0], `acquire host:rebound.invalid:${raw.port}`);
  assert.ok(
    result.type === "response" && result.finalUrl === `http://rebound.invalid:${raw.port}/p/%7e?q=1#f`,
  );
});

Deno.test("pinned HTTP asks the next address if one does not answer, and sends the request once", async () => {
  let requests = 0;
  await using server = serve(() => (requests++, new Response("ok")), "127.0.0.5");
  using web = open({ lookup: () => Promise.resolve(["127.0.0.4", "127.0.0.5"]) });
  assert.equal(await bodyOf(await web.get(`http://two.invalid:${server.port}/`)), "ok");
  assert.equal(requests, 1);
  assert.deepEqual(web.permits.log.slice(1), ["depart 1", "report 1 200", "dispose 1"]);
});

Deno.test("pinned HTTP asks no other address once the request has left", async () => {
  await using broken = serveRaw((connection) => connection.close());
  let requests = 0;
  await using _other = Deno.serve(
    { hostname: "127.0.0.2", port: broken.port, onListen() {} },
    () => (requests++, new Response()),
  );
  using web = open({ lookup: () => Promise.resolve(["127.0.0.1", "127.0.0.2"]) });
  const result = await web.get(`http://two.invalid:${broken.port}/`);
  assert.ok(result.type === "failed", JSON.stringify(result));
  assert.equal(requests, 0);
});

Deno.test("plain HTTP is pinned to addresses of IPv6 too", async () => {
  const asked: string[] = [];
  using _fetch = answerAll((url) => (asked.push(url), new Response()));
  using web = open({
    policy: createUrlPolicy({ allowPrivate: ["::1"] }),
    lookup: () => Promise.resolve(["::1"]),
  });
  assert.equal(await bodyOf(await web.get("http://six.invalid/a?b")), "");
  assert.deepEqual(asked, ["http://[::1]/a?b"]);
});

Deno.test("plain HTTP that is not to be pinned goes to the name", async () => {
  const asked: string[] = [];
  using _fetch = answerAll((url) => (asked.push(url), new Response()));
  using web = open({ pin: false, lookup: () => Promise.resolve(["127.0.0.1"]) });
  assert.equal(await bodyOf(await web.get("http://named.invalid/a")), "");
  assert.deepEqual(asked, ["http://named.invalid/a"]);
});

Deno.test("https is not pinned: the name itself is dialled and proven by its certificate", async () => {
  using web = open({ lookup: () => Promise.resolve(["127.0.0.1"]) });
  const result = await web.get("https://nowhere.invalid/");
  assert.ok(
    result.type === "failed" && result.reason === "connect-failed" && /dns/i.test(result.detail),
    JSON.stringify(result),
  );
});

Deno.test("https is proven by the certificate: trusted, unknown, and of another name", async () => {
  await using server = serveTls(() => new Response("secret"));
  const lookup = () => Promise.resolve(["127.0.0.1"]);
  using trusting = open({ caCerts: [CERTIFICATE], lookup });
  assert.equal(await bodyOf(await trusting.get(server.url)), "secret");
  assert.equal(await bodyOf(await trusting.get(`https://127.0.0.1:${server.port}/`)), "secret");
  // A name that was rebound to a host which cannot prove it.
  const rebound = await trusting.get(`https://127.0.0.2:${server.port}/`);
  assert.ok(rebound.type === "failed" && rebound.reason === "connect-failed", JSON.stringify(rebound));
  using strict = open({ lookup });
  const unknown = await strict.get(server.url);
  assert.ok(unknown.type === "failed" && unknown.reason === "tls-failed", JSON.stringify(unknown));
  assert.deepEqual(strict.permits.feedback, [{ type: "failed", reason: "tls-failed" }]);
});
