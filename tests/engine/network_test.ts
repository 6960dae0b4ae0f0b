import assert from "node:assert/strict";
import { type Network, openNetwork } from "../../src/engine/network.ts";
import { silentLogger, silentMeter } from "../../src/model/ports.ts";
import { openGuestHost } from "../../src/plugins/sandbox/guest_host.ts";
import { answerAll, RecordingPermits, send, serve, serveRaw } from "../http/_web.ts";
import { ManualClock } from "../_support/manual_clock.ts";
import { until } from "../_support/until.ts";
import { configOf, pluginFile } from "./_configured.ts";

type Fields = Readonly<Record<string, unknown>>;

const LOOPBACK = { allow_private: ["127.0.0.0/8", "localhost"], robots: "ignore" };
const { signal } = new AbortController();

/** The network of a configuration, with these plugins. */
async function open(
  content: Fields,
  plugins: readonly (readonly [name: string, fields?: Fields])[] = [],
  clock = new ManualClock(),
): Promise<Network> {
  const config = await configOf(content);
  return await openNetwork({
    command: { type: "run", drain: true },
    config,
    plugins: await Promise.all(plugins.map(([name, fields]) => pluginFile(name, fields))),
    environment: {},
  }, { clock, logger: silentLogger, meter: silentMeter, configNow: () => config, openHost: openGuestHost });
}

/** What a request for a file comes to, its body included. */
async function download({ client }: Network, url: string, permits = new RecordingPermits()): Promise<string> {
  const result = await client.get(url, { permits, groups: [], purpose: "download" });
  if (result.type !== "response") return "reason" in result ? result.reason : result.type;
  return await result.body.readText().catch((error) => error.reason);
}

Deno.test("openNetwork() reaches the hosts that the operator allows, and private ones that are listed", async () => {
  await using server = serve(() => new Response("hello"));
  await using listed = await open({ network: LOOPBACK });
  assert.equal(await download(listed, server.url), "hello");
  await using unlisted = await open({ network: { robots: "ignore" } });
  assert.equal(await download(unlisted, server.url), "private-address");
  await using others = await open({ network: { ...LOOPBACK, allow_net: ["example.org"] } });
  assert.equal(await download(others, server.url), "host-not-allowed");
});

Deno.test("openNetwork() takes the operator's bounds of redirects and bytes", async () => {
  await using server = serve((request) => {
    const { pathname } = new URL(request.url);
    const next = { "/two": "/one", "/one": "/end" }[pathname];
    return next ? new Response(null, { status: 302, headers: { location: next } }) : new Response("hello");
  });
  await using network = await open({ network: { ...LOOPBACK, max_redirects: 1, max_bytes: 4 } });
  assert.equal(await download(network, `${server.url}/two`), "too-many-redirects");
  assert.equal(await download(network, `${server.url}/one`), "too-large");
});

Deno.test("openNetwork() takes the operator's limits of time", async () => {
  const cases = [
    [{ connect: 1_000, first_byte: 5_000, idle: 90_000, total: 90_000 }, "", 6_000],
    [{ connect: 1_000, first_byte: 5_000, idle: 7_000, total: 90_000 }, "HTTP/1.1 200 OK\r\n\r\na", 7_000],
    [{ connect: 50_000, first_byte: 50_000, idle: 90_000, total: 8_000 }, "", 8_000],
  ] as const;
  for (const [timeouts, answer, afterMs] of cases) {
    const arrived = Promise.withResolvers<void>();
    await using server = serveRaw(async (connection) => {
      await send(connection, answer, false);
      arrived.resolve();
    });
    const clock = new ManualClock();
    await using network = await open({ network: { ...LOOPBACK, timeouts_ms: timeouts } }, [], clock);
    const result = network.client.get(server.url, {
      permits: new RecordingPermits(),
      groups: [],
      purpose: "download",
    });
    await arrived.promise;
    let ended = "";
    const opened = answer === "" ? null : await result;
    const end = opened?.type === "response"
      ? opened.body.readText().catch((error) => error.reason)
      : result.then((failed) => "reason" in failed ? failed.reason : failed.type);
    void end.then((reason) => ended = reason);
    await clock.advance(afterMs - 1);
    assert.equal(ended, "");
    await clock.advance(1);
    await until(() => ended === "timeout", "the request timed out", 10_000);
  }
});

Deno.test("openNetwork() pins plain HTTP, but not where Deno checks the name itself", async () => {
  for (
    const [allowNet, host] of [[[], /^http:\/\/(127\.0\.0\.1|\[::1\])\//], [
      ["localhost"],
      /localhost/,
    ]] as const
  ) {
    const asked: string[] = [];
    using _fetch = answerAll((url) => (asked.push(url), new Response()));
    await using network = await open({ network: { ...LOOPBACK, allow_net: allowNet } });
    assert.equal(await download(network, "http://localhost/a"), "");
    assert.match(asked[0] ?? "", host);
  }
});

Deno.test("openNetwork() counts a download in the group of the plugin whose host it shares", async () => {
  await using server = serve(() => new Response("hello"));
  const host = new URL(server.url).host;
  await using network = await open({ network: LOOPBACK }, [["api", { hosts: [host], sharedHosts: [host] }]]);
  const permits = new RecordingPermits();
  assert.equal(await download(network, server.url, permits), "hello");
  assert.equal(permits.log[0], "acquire api");
});

Deno.test("openNetwork() asks robots.txt for pages and not for a resolver's API, if it is obeyed at all", async () => {
  const answer = (request: Request) =>
    new Response(request.url.endsWith("/robots.txt") ? "User-agent: *\nDisallow: /\n" : "hello");
  await using api = serve(answer);
  await using page = serve(answer, "127.0.0.2");
  const plugins = [["api", { hosts: [new URL(api.url).host] }]] as const;
  const told = async (network: Network) => {
    const [resolver] = network.resolvers;
    if (!resolver) throw new TypeError("the plugin is a resolver");
    const fetch = network.fetchFor(resolver, new RecordingPermits(), signal);
    const results = [await fetch({ url: api.url }), await fetch({ url: page.url })];
    return results.map((result) => result.type === "failed" ? result.reason : result.type);
  };
  await using obeying = await open({ network: { ...LOOPBACK, robots: "obey" } }, plugins);
  assert.deepEqual(await told(obeying), ["response", "robots-disallowed"]);
  const verdict = await obeying.robots?.(new URL(page.url), { permits: new RecordingPermits(), signal });
  assert.equal(verdict?.type, "disallowed");
  await using ignoring = await open({ network: LOOPBACK }, plugins);
  assert.deepEqual(await told(ignoring), ["response", "response"]);
  assert.equal(ignoring.robots, undefined);
});

Deno.test("openNetwork() knows the signs by which an API says that a limit is reached", async () => {
  await using server = serve(() => new Response("short and stout", { status: 418 }));
  const host = new URL(server.url).host;
  const typeOf = async (fields: Fields) => {
    await using network = await open({ network: LOOPBACK }, [["api", { hosts: [host], ...fields }]]);
    const [resolver] = network.resolvers;
    if (!resolver) throw new TypeError("the plugin is a resolver");
    return (await network.fetchFor(resolver, new RecordingPermits(), signal)({ url: server.url })).type;
  };
  assert.equal(await typeOf({ refusals: [{ status: 418 }] }), "closed");
  assert.equal(await typeOf({}), "response");
});

Deno.test("openNetwork() gives contact.email to plugins, and uses the resolvers that are named", async () => {
  const settings = { email: { type: "string", required: true } };
  const plugins = [["asks", { settings }], ["plain"], ["off"]] as const;
  const content = { resolvers: { off: { enabled: false } } };
  const namesOf = async (more: Fields) => {
    await using network = await open({ ...content, ...more }, plugins);
    return network.resolvers.map(({ name }) => name);
  };
  assert.deepEqual(await namesOf({}), ["plain"]);
  assert.deepEqual(await namesOf({ contact: { email: "me@library.example" } }), ["asks", "plain"]);
  assert.deepEqual(
    await namesOf({ contact: { email: "me@library.example" }, pipeline: { resolvers: ["asks"] } }),
    ["asks"],
  );
  const refused = [
    ["off", /^Cannot use resolver "off" of pipeline\.resolvers: it is disabled/],
    ["asks", /^Cannot use resolver "asks" of pipeline\.resolvers: .*has no value/],
    ["none", /^Cannot use pipeline\.resolvers: there is no plugin "none"/],
  ] as const;
  for (const [name, message] of refused) {
    await assert.rejects(namesOf({ pipeline: { resolvers: [name] } }), { name: "InputError", message });
  }
});
