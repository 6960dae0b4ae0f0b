import assert from "node:assert/strict";
import type { Resolver, ResolverFetch } from "../../src/model/resolver.ts";
import { closedUntil, cursorOf, found, openRig, page, pdf, recordOf, resolver, startHost } from "./_rig.ts";

/** A resolver that fetches these URLs one after the other, and says where the file is once it has all. */
function reading(urls: readonly string[], file: string, before: () => void = () => {}): Resolver {
  return {
    ...resolver("reading", found()),
    async resolve(_artifact, signal, fetch: ResolverFetch) {
      for (const url of urls) {
        const result = await fetch({ url });
        if (result.type !== "response") return result;
        before();
        signal.throwIfAborted();
      }
      return found([{ url: file }]);
    },
  };
}

Deno.test("ask() forgets what a question was told once it is answered", async () => {
  await using rig = await openRig();
  await using api = startHost({ "/1": page("one"), "/2": page("two") });
  await using files = startHost({ "/file": pdf() });
  rig.gates.close(files.group, rig.clock.now() + 1_000);
  const urls = [`${api.url}/1`, `${api.url}/2`];
  const closing = reading(
    urls,
    `${files.url}/file`,
    () => rig.gates.close("reading", rig.clock.now() + 1_000),
  );
  const first = cursorOf(await rig.run([closing]));
  assert.equal(Object.keys(JSON.parse(first).heard).length, 1);
  rig.gates.closed.delete("reading");
  const second = cursorOf(await rig.run([reading(urls, `${files.url}/file`)], { cursor: first }));
  assert.deepEqual(JSON.parse(second).heard, {});
  assert.deepEqual(api.paths, ["/1", "/2"]);
});

Deno.test("ask() keeps what a question was told when it is interrupted", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/1": page("one"), "/2": page("two"), "/file": pdf() });
  const stop = new AbortController();
  const urls = [`${host.url}/1`, `${host.url}/2`];
  const stopped = reading(urls, `${host.url}/file`, () => stop.abort(new Error("stopping")));
  const cursor = cursorOf(await rig.run([stopped], {}, { signal: stop.signal }));
  assert.equal(recordOf(await rig.run([reading(urls, `${host.url}/file`)], { cursor })).reason, "ok");
  assert.deepEqual(host.paths, ["/1", "/2", "/file"]);
});

Deno.test("ask() keeps no more than a line of why a resolver failed", async () => {
  await using rig = await openRig();
  const failing = resolver("failing", { type: "failed", reason: "timeout", detail: "x".repeat(10_000) });
  const waiting = resolver("waiting", closedUntil(rig.clock.now() + 1_000));
  const { failed } = JSON.parse(cursorOf(await rig.run([failing, waiting])));
  assert.equal(failed[0].detail.length, 500);
});

Deno.test("ask() takes a work for known if any resolver knows it", async () => {
  await using rig = await openRig();
  const unknowing = () => resolver("unknowing", found([], { verdict: "not-found" }), { tier: 2 });
  assert.equal(recordOf(await rig.run([unknowing()])).reason, "not-found");
  const knowing = resolver("knowing", found());
  assert.equal(recordOf(await rig.run([knowing, unknowing()])).reason, "no-open-copy");
});

Deno.test("ask() notes a wall once, and has a file fetched that is named where it stood", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/a": pdf() });
  const wall = () => found([], { verdict: "bot-wall", page: { url: `${host.url}/a`, status: 403 } });
  const walls = [resolver("one", wall()), resolver("two", wall())];
  assert.deepEqual(recordOf(await rig.run(walls)).tried.length, 1);
  const naming = resolver("naming", found([{ url: `${host.url}/a` }]), { tier: 2 });
  assert.equal(recordOf(await rig.run([...walls, naming])).reason, "ok");
});

Deno.test("ask() takes no URL twice, neither a file that was refused nor a page that is to be read", async () => {
  await using rig = await openRig();
  await using host = startHost({});
  const names = () => found([{ url: `${host.url}/gone` }, { url: `${host.url}/page`, kind: "landing" }]);
  const reader = resolver("reader", found(), { tier: 3, accepts: ["url"] });
  await rig.run([resolver("one", names()), resolver("two", names(), { tier: 2 }), reader]);
  assert.deepEqual(host.paths, ["/gone"]);
  assert.deepEqual(reader.asked.map(({ ids }) => ids), [{ url: `${host.url}/page` }]);
});

Deno.test("ask() lets nobody read a URL that the operator gave beside another id", async () => {
  await using rig = await openRig();
  const reader = resolver("reader", found(), { accepts: ["url"] });
  await rig.run([reader], { metadata: { url: "https://somewhere.example/a" } });
  assert.equal(reader.asked.length, 0);
});

Deno.test("ask() lets a page be read that stands in place of a url: artifact, and no other", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/a": page("<html><body>an article</body></html>") });
  const reader = resolver("reader", found(), { tier: 2, accepts: ["url"] });
  await rig.run([resolver("naming", found([{ url: `${host.url}/a` }])), reader]);
  assert.equal(reader.asked.length, 0);
});
