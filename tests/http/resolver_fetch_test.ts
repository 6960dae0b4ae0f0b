import assert from "node:assert/strict";
import { createResolverFetch, type ResolverFetchOptions } from "../../src/http/mod.ts";
import type { ResolverFetch } from "../../src/model/resolver.ts";
import { open, type Opened, serve } from "./_web.ts";

function resolver(web: Opened, options: Partial<ResolverFetchOptions> = {}): ResolverFetch {
  return createResolverFetch({
    client: web.client,
    permits: web.permits,
    groupsOf: () => ["api"],
    ...options,
  });
}

Deno.test("createResolverFetch() gives answers of any status as text, in the resolver's group alone", async () => {
  await using server = serve((request) =>
    request.url.endsWith("/old")
      ? Response.redirect(new URL("/new", request.url), 301)
      : new Response("é", { status: 404, headers: { "X-Seen": request.headers.get("x-key") ?? "" } })
  );
  using web = open();
  const result = await resolver(web)({ url: `${server.url}/old`, headers: { "x-key": "k" } });
  if (result.type !== "response") assert.fail(JSON.stringify(result));
  const { status, url, body, headers } = result.response;
  assert.deepEqual([status, url, body, headers["x-seen"]], [404, `${server.url}/new`, "é", "k"]);
  assert.deepEqual(web.permits.log.filter((line) => line.startsWith("acquire")), [
    "acquire api",
    "acquire api",
  ]);
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("createResolverFetch() leaves a PDF to the download, however large", async () => {
  await using server = serve(() =>
    new Response("%PDF-1.7 and more", { headers: { "content-type": "application/pdf;charset=utf-8" } })
  );
  using web = open();
  const result = await resolver(web, { maxBytes: 8 })({ url: server.url });
  assert.ok(result.type === "response");
  assert.deepEqual([result.response.status, result.response.body], [200, ""]);
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("createResolverFetch() says closed for a closed group and for 429", async () => {
  let requests = 0;
  await using server = serve(
    () => (requests++, new Response("", { status: 429, headers: { "retry-after": "3" } })),
  );
  using web = open();
  const refused = await resolver(web)({ url: server.url });
  assert.ok(refused.type === "closed" && refused.group === "api" && refused.isRefusal);
  const closed = web.permits.close("api");
  assert.deepEqual(await resolver(web)({ url: server.url }), closed);
  assert.equal(requests, 1);
});

Deno.test("createResolverFetch() takes an error for a limit if its message or the plugin says so", async () => {
  const answers: Record<string, [number, string, string]> = {
    "/too-many": [422, '{"message":"Too many requests per second"}', "application/json"],
    "/no-email": [422, '{"message":"Please use your own email"}', "application/json"],
    "/forbidden": [403, "<html>rate limit? no, a page</html>", "text/html"],
    "/declared": [418, "Quota EXCEEDED for today", "text/plain"],
    "/undeclared": [418, "short and stout", "text/plain"],
    "/declared-of-another": [422, "Quota exceeded in the field of study", "text/plain"],
    "/busy": [503, '{"error":"Too many requests"}', "application/json"],
    "/said-late": [418, `${"-".repeat(300_000)}Quota exceeded`, "text/plain"],
    "/long": [422, `Too many requests ${"x".repeat(1_000)}`, "text/plain"],
  };
  await using server = serve((request) => {
    const [status, body, type] = answers[new URL(request.url).pathname] ?? [500, "", ""];
    return new Response(body, { status, headers: { "content-type": type } });
  });
  using web = open();
  const fetch = resolver(web, { refusals: [{ status: 418, bodyIncludes: "Quota exceeded" }] });
  const typeOf = async (path: string) => {
    const result = await fetch({ url: server.url + path });
    if (result.type === "response") assert.equal(result.response.body, answers[path]?.[1]);
    return result.type;
  };
  assert.equal(await typeOf("/too-many"), "closed");
  assert.equal(await typeOf("/no-email"), "response");
  assert.equal(await typeOf("/forbidden"), "response");
  assert.equal(await typeOf("/declared"), "closed");
  assert.equal(await typeOf("/undeclared"), "response");
  assert.equal(await typeOf("/declared-of-another"), "response");
  assert.equal(await typeOf("/busy"), "closed");
  assert.equal(await typeOf("/said-late"), "response");
  assert.equal(await typeOf("/long"), "closed");
  const messages = web.permits.feedback.map((feedback) =>
    feedback.type === "answered" ? feedback.message : undefined
  );
  assert.equal(messages[0], "Too many requests per second");
  assert.equal(messages[3], "Rate limit: Quota EXCEEDED for today");
  assert.equal(messages.at(-1)?.length, 500);
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("createResolverFetch() fails with the reason of what went wrong", async () => {
  await using server = serve((request) =>
    new Response(
      "x".repeat(1000),
      request.url.endsWith("/coded") ? { headers: { "content-encoding": "br" } } : {},
    )
  );
  using web = open();
  const reasonOf = async (url: string) => {
    const result = await resolver(web, { maxBytes: 999 })({ url });
    return result.type === "failed" ? result.reason : result.type;
  };
  assert.equal(await reasonOf(server.url), "too-large");
  // That it is no PDF says nothing of an API's answer.
  assert.equal(await reasonOf(`${server.url}/coded`), "resolver-failed");
  assert.equal(await reasonOf("http://10.0.0.1/"), "private-address");
  assert.equal(await reasonOf("http://nowhere.invalid/"), "connect-failed");
  assert.equal(web.permits.granted, web.permits.disposed);
});

Deno.test("createResolverFetch() asks robots.txt where it is told to, and ends with its signal", async () => {
  using web = open();
  const robots = () => Promise.resolve({ type: "disallowed", detail: "keep out" } as const);
  assert.deepEqual(await resolver(web, { robots })({ url: "http://127.0.0.1/" }), {
    type: "failed",
    reason: "robots-disallowed",
    detail: "keep out",
  });
  const signal = AbortSignal.abort(new Error("stop"));
  await assert.rejects(resolver(web, { signal })({ url: "http://127.0.0.1/" }), { message: "stop" });
  assert.equal(web.permits.granted, 0);
});

Deno.test("createResolverFetch() goes on where a redirect led before, without what may not go there", async () => {
  let key: string | null = "";
  await using server = serve((request) => (key = request.headers.get("x-key"), new Response("end")));
  using web = open();
  const request = { url: "http://127.0.0.9/first", headers: { "x-key": "k" } };
  const result = await resolver(web)(request, { url: server.url, hops: [request.url] });
  assert.ok(result.type === "response" && result.response.body === "end");
  assert.equal(key, null);
});
