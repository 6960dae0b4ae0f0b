import assert from "node:assert/strict";
import type { ResolverFetch, ResolverFetchResult, ResolverRequest } from "../../src/model/resolver.ts";
import type { Waypoint } from "../../src/model/waypoint.ts";
import { type Heard, Hearing } from "../../src/pipeline/heard.ts";

const REQUEST = { url: "https://api.example/1?key=s3cret" };

function answer(url: string, body = ""): ResolverFetchResult {
  return { type: "response", response: { status: 200, url, headers: {}, body } };
}

/** A fetch that answers as told, and what it was asked for. */
function fetching(result: (request: ResolverRequest) => ResolverFetchResult) {
  const asked: [ResolverRequest, Waypoint | undefined][] = [];
  const fetch: ResolverFetch = (
    request,
    from,
  ) => (asked.push([request, from]), Promise.resolve(result(request)));
  return { fetch, asked };
}

/** What a call keeps for the next one. */
function keptOf(hearing: Hearing): Heard | undefined {
  const kept: Record<string, Heard> = {};
  assert.ok(hearing.keepIn(kept, "question"));
  return kept["question"];
}

Deno.test("Hearing tells again what it was told, from where it came, without a key in what it keeps", async () => {
  for (const url of [REQUEST.url, "https://api.example/2"]) {
    const first = new Hearing(undefined, fetching(() => answer(url, "body")).fetch);
    await first.fetch(REQUEST);
    const kept = keptOf(first);
    assert.doesNotMatch(JSON.stringify(kept), /s3cret/);
    const silent = fetching(() => assert.fail("asked again"));
    assert.deepEqual(await new Hearing(kept, silent.fetch).fetch(REQUEST), answer(url, "body"));
  }
});

Deno.test("Hearing tells requests apart by their fields", async () => {
  const { fetch, asked } = fetching(({ url }) => answer(url));
  const hearing = new Hearing(undefined, fetch);
  await hearing.fetch(REQUEST);
  await hearing.fetch({ ...REQUEST, headers: { accept: "text/html" } });
  await hearing.fetch(REQUEST);
  assert.equal(asked.length, 2);
});

Deno.test("Hearing goes on where a redirect led, by the whole way", async () => {
  const waypoint = { url: "https://c.example/", hops: [REQUEST.url, "https://b.example/"] };
  const closed = { type: "closed", group: "host:c.example", until: 5, why: "cool-down", waypoint } as const;
  const first = new Hearing(undefined, fetching(() => closed).fetch);
  await first.fetch(REQUEST);
  const { fetch, asked } = fetching(() => answer("https://c.example/"));
  await new Hearing(keptOf(first), fetch).fetch(REQUEST);
  assert.deepEqual(asked, [[REQUEST, waypoint]]);
});

Deno.test("Hearing keeps nothing where it was told too much, in all its calls together", async () => {
  const large = "x".repeat(1_500_000);
  const first = new Hearing(undefined, fetching(({ url }) => answer(url, large)).fetch);
  await first.fetch(REQUEST);
  const { fetch, asked } = fetching(({ url }) => answer(url, large));
  const second = new Hearing(keptOf(first), fetch);
  await second.fetch({ url: "https://api.example/2" });
  assert.equal(second.keepIn({}, "question"), false);
  // Nor does it hold on to it.
  await second.fetch(REQUEST);
  assert.equal(asked.length, 2);
});
