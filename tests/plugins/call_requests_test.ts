import assert from "node:assert/strict";
import type { Closed } from "../../src/model/permit.ts";
import type { ResolverFetchResult } from "../../src/model/resolver.ts";
import { CallRequests } from "../../src/plugins/call_requests.ts";
import { DEFAULT_BOUNDS } from "../../src/plugins/mod.ts";
import { answering, ask, failureOf, openTexts, pluginText } from "./_opened.ts";

const CLOSED: Closed = { type: "closed", group: "p", until: 5, why: "rate" };

/** Sends `count` requests at once and throws what the first refused one says. */
const eager = (count: number) =>
  pluginText(
    "eager",
    `const all = await Promise.allSettled(Array.from({ length: ${count} }, (_, n) =>
      ctx.fetch("https://api.example.org/" + n)));
    throw new Error(all.find(({ status }) => status === "rejected")?.reason?.message ?? "all were sent");`,
  );

Deno.test("four requests of a call are under way at a time, and none is sent once its answers are too many", async () => {
  await using registry = await openTexts({ "eager.js": eager(40) }, { bounds: { bodyChars: 2_000 } });
  let running = 0;
  let most = 0;
  let sent = 0;
  const four = Promise.withResolvers<void>();
  const answer = await ask(registry, "eager", async (request) => {
    sent++;
    most = Math.max(most, ++running);
    if (running === 4) four.resolve();
    await four.promise;
    await new Promise((resolve) => setTimeout(resolve));
    running--;
    return await answering("x".repeat(1_000))(request);
  });
  assert.match(failureOf(answer), /the answers of this call have more than 2000 characters/);
  assert.equal(most, 4);
  assert.ok(sent <= 7, `${sent} were sent`);
});

Deno.test("a closed group ends a call not before what is under way has ended, and nothing more is sent", async () => {
  await using registry = await openTexts({ "eager.js": eager(40) });
  const four = Promise.withResolvers<void>();
  const ended: string[] = [];
  const sent: string[] = [];
  const answer = await ask(registry, "eager", async (request) => {
    const { pathname } = new URL(request.url);
    sent.push(pathname);
    if (sent.length === 4) four.resolve();
    await four.promise;
    if (pathname !== "/0") await new Promise((resolve) => setTimeout(resolve));
    ended.push(pathname);
    return pathname === "/0" ? CLOSED : await answering("")(request);
  });
  assert.deepEqual(answer, CLOSED);
  assert.deepEqual([sent, ended].map((paths) => paths.toSorted()), [
    ["/0", "/1", "/2", "/3"],
    ["/0", "/1", "/2", "/3"],
  ]);
});

Deno.test("a failed request ends a call at once", async () => {
  await using registry = await openTexts({ "eager.js": eager(2) });
  const never = Promise.withResolvers<never>();
  const answer = await ask(
    registry,
    "eager",
    ({ url }) =>
      url.endsWith("/0")
        ? never.promise
        : Promise.resolve({ type: "failed", reason: "timeout", detail: "late" }),
  );
  assert.deepEqual(answer, { type: "failed", reason: "timeout", detail: "late" });
});

Deno.test("a call whose time is over while requests are under way was ended by the closed group, if one was", async () => {
  await using registry = await openTexts({ "eager.js": eager(2) }, { bounds: { callWallMs: 400 } });
  const never = Promise.withResolvers<never>();
  const answer = await ask(
    registry,
    "eager",
    ({ url }) => url.endsWith("/0") ? never.promise : Promise.resolve(CLOSED),
  );
  assert.deepEqual(answer, CLOSED);
});

/** The requests of a call that a test answers by hand, and what was told of them. */
function byHand(fetchesAtOnce: number) {
  const sent: ((result: ResolverFetchResult) => void)[] = [];
  const stops: string[] = [];
  const refused: string[] = [];
  const requests = new CallRequests({
    hosts: ["api.example.org"],
    bounds: { ...DEFAULT_BOUNDS, fetchesAtOnce },
    fetch: () => new Promise((resolve) => sent.push(resolve)),
    onRefused: (why) => refused.push(why),
    onStop: (stop) => stops.push(stop.type),
  });
  const ask = (host = "api.example.org") => requests.fetch({ url: `https://${host}/`, headers: {} });
  return { requests, ask, sent, stops, refused };
}

const FAILED: ResolverFetchResult = { type: "failed", reason: "timeout", detail: "late" };

Deno.test("CallRequests sends nothing that waits for its turn when the call is over", async () => {
  const { requests, ask, sent, stops } = byHand(1);
  const all = [ask(), ask()];
  requests.end();
  sent[0]?.({
    type: "response",
    response: { status: 200, url: "https://api.example.org/", headers: {}, body: "" },
  });
  const [first, second] = await Promise.all(all);
  assert.ok(first && "status" in first);
  assert.deepEqual([second, sent.length, stops], [undefined, 1, []]);
});

Deno.test("CallRequests tells the first reason for which a call cannot go on, once", async () => {
  const { ask, sent, stops, requests } = byHand(3);
  const all = [ask(), ask(), ask()];
  sent[0]?.(CLOSED);
  await all[0];
  assert.deepEqual(stops, []);
  sent[1]?.(FAILED);
  sent[2]?.(FAILED);
  await Promise.all(all);
  assert.deepEqual([stops, requests.stop], [["closed"], CLOSED]);

  const failing = byHand(2);
  const both = [failing.ask(), failing.ask()];
  for (const end of failing.sent) end(FAILED);
  await Promise.all(both);
  assert.deepEqual(failing.stops, ["failed"]);
});

Deno.test("CallRequests tells of a request to a host that the plugin does not declare", async () => {
  const { ask, sent, refused } = byHand(1);
  const result = await ask("other.example.org");
  assert.deepEqual([sent.length, refused.length], [0, 1]);
  assert.ok(result && "refused" in result && result.refused === refused[0]);
});
