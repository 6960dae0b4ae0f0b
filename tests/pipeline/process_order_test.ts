import assert from "node:assert/strict";
import type { Reason } from "../../src/model/reason.ts";
import type { Resolver, ResolverAnswer } from "../../src/model/resolver.ts";
import {
  cursorOf,
  failed,
  found,
  openRig,
  page,
  pdf,
  recordOf,
  resolver,
  startHost,
  status,
} from "./_rig.ts";

Deno.test("processArtifact() asks tiers in order, those of one tier together, and later ones only without a file", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/good": pdf() });
  const events: string[] = [];
  const both = Promise.withResolvers<void>();
  let under = 0;
  const meeting = (name: string): Resolver => ({
    ...resolver(name, found()),
    async resolve() {
      events.push(name);
      // Neither answers before both were asked: one after the other would never end.
      if (++under === 2) both.resolve();
      await both.promise;
      return found();
    },
  });
  const second = { ...resolver("second", found([{ url: `${host.url}/good` }]), { tier: 2 }) };
  const third = resolver("third", found(), { tier: 3 });
  const end = await rig.run([third, second, meeting("a"), meeting("b")]);
  assert.equal(recordOf(end).reason, "ok");
  assert.deepEqual(events, ["a", "b"]);
  assert.equal(second.asked.length, 1);
  assert.equal(third.asked.length, 0);
});

Deno.test("processArtifact() asks the next tier when no candidate of this one gives a verified file", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/html": page("<html><body>an article</body></html>"), "/good": pdf() });
  const first = resolver("first", found([{ url: `${host.url}/html` }, { url: `${host.url}/gone` }]));
  const second = resolver(
    "second",
    found([{ url: `${host.url}/good`, version: "accepted", license: "cc-by" }]),
    {
      tier: 2,
    },
  );
  const record = recordOf(await rig.run([first, second]));
  assert.deepEqual(host.paths, ["/html", "/gone", "/good"]);
  assert.deepEqual(record.tried.map(({ reason, status, resolver }) => [reason, status, resolver]), [
    ["html-instead-of-pdf", 200, "first"],
    ["http-4xx", 404, "first"],
  ]);
  assert.deepEqual(
    [record.outcome, record.reason, record.url, record.resolver, record.version, record.license, record.path],
    ["done", "ok", `${host.url}/good`, "second", "accepted", "cc-by", "doi/10.1234/abc.pdf"],
  );
  assert.equal((await Deno.stat(`${rig.outDir}/doi/10.1234/abc.pdf`)).size, record.bytes);
});

Deno.test("processArtifact() tries candidates best first, whatever the order in which they came", async () => {
  await using rig = await openRig();
  await using host = startHost({});
  const one = resolver(
    "one",
    found([
      { url: `${host.url}/unknown`, version: null },
      { url: `${host.url}/submitted`, version: "submitted" },
      { url: `${host.url}/published-1` },
    ]),
  );
  const two = resolver(
    "two",
    found([
      { url: `${host.url}/accepted`, version: "accepted" },
      { url: `${host.url}/published-2` },
      { url: `${host.url}/published-1`, version: "submitted" },
    ]),
  );
  const record = recordOf(await rig.run([one, two]));
  assert.deepEqual(host.paths, ["/published-1", "/published-2", "/accepted", "/submitted", "/unknown"]);
  assert.deepEqual([record.outcome, record.reason], ["error", "http-4xx"]);
});

Deno.test("processArtifact() asks resolvers of any tier that accept an id learned since, once", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/arxiv": pdf() });
  const learning = resolver("learning", found([], { ids: { arxiv: "1605.08386", doi: "10.9999/other" } }), {
    tier: 2,
  });
  const arxiv = resolver("arxiv", found([{ url: `${host.url}/arxiv` }]), { tier: 0, accepts: ["arxiv"] });
  const late = resolver("late", found(), { tier: 3 });
  const record = recordOf(await rig.run([learning, arxiv, late]));
  assert.equal(record.resolver, "arxiv");
  // The artifact's own id stays, whatever a resolver says.
  assert.deepEqual(arxiv.asked.map(({ ids }) => ids), [{ doi: "10.1234/abc", arxiv: "1605.08386" }]);
  assert.deepEqual([learning.asked.length, late.asked.length], [1, 0]);
});

Deno.test("processArtifact() hands on further ids and all metadata of the operator", async () => {
  await using rig = await openRig();
  const metadata = { arxiv: "arXiv:1605.08386v2", pmid: 12345, pmcid: "no id", title: "A title" };
  const asked = resolver("any", found());
  await rig.run([asked], { metadata });
  assert.deepEqual(
    asked.asked.map((artifact) => [artifact.ids.pmid, artifact.ids.pmcid, artifact.metadata]),
    [
      ["12345", undefined, metadata],
    ],
  );
  // The version that was asked for stays in the metadata.
  assert.equal(asked.asked[0]?.ids.arxiv, "1605.08386");
});

Deno.test("processArtifact() lets a resolver that takes URLs read landing pages, the better version's first, five at most", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/found.pdf": pdf() });
  const pages = ["accepted", "published", "submitted"] as const;
  const naming = resolver(
    "naming",
    found([
      ...pages.map((version) => ({ url: `${host.url}/${version}`, kind: "landing" as const, version })),
      ...[1, 2, 3, 4].map((n) => ({ url: `${host.url}/${n}`, kind: "landing" as const, version: null })),
      { url: `${host.url}/published`, kind: "landing" },
    ]),
  );
  const reading = resolver("reading", found(), { tier: 9, accepts: ["url"] });
  const record = recordOf(await rig.run([naming, reading]));
  assert.deepEqual(
    reading.asked.map(({ id, ids }) => [id, ids.url?.slice(host.url.length + 1), ids.doi]),
    ["published", "accepted", "submitted", "1", "2"].map((name) => ["doi:10.1234/abc", name, undefined]),
  );
  assert.deepEqual(host.paths, []);
  assert.equal(record.reason, "no-open-copy");
});

Deno.test("processArtifact() asks about a page that a resolver failed on once an attempt", async () => {
  await using rig = await openRig();
  const naming = resolver("naming", found([{ url: "https://example.org/page", kind: "landing" }]));
  const reading = resolver("reading", [failed(), failed("http-4xx")], { tier: 9, accepts: ["url"] });
  const first = await rig.run([naming, reading]);
  assert.equal(first.type, "failed");
  const second = await rig.run([naming, reading], { cursor: cursorOf(first), attempts: 1 });
  assert.deepEqual([second.type, recordOf(second).reason], ["finished", "http-4xx"]);
  assert.deepEqual([naming.asked.length, reading.asked.length], [1, 2]);
});

Deno.test("processArtifact() takes a url: artifact for a PDF and asks nobody if it is one", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/file": pdf() });
  const reading = resolver("reading", found(), { accepts: ["url"] });
  const record = recordOf(await rig.run([reading], { artifactId: `url:${host.url}/file` }));
  assert.deepEqual([record.reason, record.resolver, record.url], ["ok", "direct", `${host.url}/file`]);
  assert.match(record.path ?? "", /^url\/.*~[0-9a-f]{16}\.pdf$/);
  assert.equal(reading.asked.length, 0);
});

Deno.test("processArtifact() lets a url: artifact that is a page be read, and fetches what the page names", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/page": page("<html><body>an article</body></html>"), "/file": pdf() });
  const reading = resolver("reading", found([{ url: `${host.url}/file` }]), { accepts: ["url"] });
  const record = recordOf(await rig.run([reading], { artifactId: `url:${host.url}/page` }));
  assert.deepEqual([record.reason, record.resolver, record.url], ["ok", "reading", `${host.url}/file`]);
  assert.deepEqual(reading.asked.map(({ ids }) => ids), [{ url: `${host.url}/page` }]);
  assert.deepEqual(host.paths, ["/page", "/file"]);
  assert.deepEqual(record.tried.map(({ reason }) => reason), ["html-instead-of-pdf"]);
});

Deno.test("processArtifact() says what the resolvers said when there is nothing to try", async () => {
  await using rig = await openRig();
  const silent = found();
  const unknown = found([], { verdict: "not-found" });
  const closed = found([], { verdict: "closed-access" });
  const cases = [
    [[], "not-found"],
    [[unknown], "not-found"],
    [[unknown, silent], "no-open-copy"],
    [[silent, unknown, closed], "closed-access"],
  ] as const;
  for (const [answers, reason] of cases) {
    const end = await rig.run(answers.map((answer, index) => resolver(`r${index}`, answer)));
    assert.deepEqual([end.type, recordOf(end).outcome, recordOf(end).reason], [
      "finished",
      "skipped",
      reason,
    ]);
  }
  // Others' silence proves nothing while one has failed.
  const end = await rig.run([resolver("a", closed), resolver("b", failed())]);
  assert.deepEqual([end.type, recordOf(end).reason], ["failed", "timeout"]);
});

Deno.test("a resolver that fails for good is not asked again, and hides no verdict of another", async () => {
  await using rig = await openRig();
  const forGood = { type: "failed", reason: "resolver-failed", detail: "left out", isFinal: true } as const;
  const cases: readonly (readonly [ResolverAnswer, ResolverAnswer, Reason])[] = [
    [forGood, found([], { verdict: "closed-access" }), "closed-access"],
    [failed("http-4xx"), found([], { verdict: "closed-access" }), "closed-access"],
    // Nobody knows what it would have said.
    [forGood, found(), "resolver-failed"],
  ];
  for (const [failure, other, reason] of cases) {
    const end = await rig.run([resolver("broken", failure), resolver("other", other)]);
    assert.deepEqual([end.type, recordOf(end).reason], ["finished", reason]);
  }
  const end = await rig.run([resolver("a", forGood), resolver("b", failed())]);
  assert.deepEqual([end.type, recordOf(end).reason], ["failed", "timeout"]);
  const again = resolver("a", found());
  await rig.run([again, resolver("b", found())], { cursor: cursorOf(end), attempts: 1 });
  assert.equal(again.asked.length, 0);
});

Deno.test("a page that gave no file and no page is not fetched again to be read", async () => {
  await using rig = await openRig();
  await using host = startHost({
    "/gone": status(404),
    "/wall": page("<title>Just a moment...</title>", 403),
  });
  for (const path of ["/gone", "/wall"]) {
    const reading = resolver("reading", found(), { accepts: ["url"] });
    await rig.run([reading], { artifactId: `url:${host.url}${path}` });
    assert.equal(reading.asked.length, 0, path);
  }
});

Deno.test("processArtifact() ends with the wall of a landing page where nobody knows better", async () => {
  await using rig = await openRig();
  await using host = startHost({
    "/gone": status(404),
    "/page": page("<title>Just a moment...</title>", 403),
  });
  const reading: Resolver = {
    ...resolver("reading", []),
    async resolve(_artifact, _signal, fetch) {
      const result = await fetch({ url: `${host.url}/page` });
      if (result.type !== "response") return result;
      const { url, status, wall } = result.response;
      return found([], wall ? { verdict: wall, page: { url, status } } : {});
    },
  };
  const wall = { url: `${host.url}/page`, resolver: "reading", reason: "bot-wall", status: 403 };
  const record = recordOf(await rig.run([reading, resolver("silent", found())]));
  assert.deepEqual([record.outcome, record.reason, record.url], ["error", "bot-wall", wall.url]);
  assert.deepEqual(record.tried, [wall]);
  const closed = recordOf(
    await rig.run([reading, resolver("closed", found([], { verdict: "closed-access" }))]),
  );
  assert.deepEqual([closed.outcome, closed.reason, closed.url], ["skipped", "closed-access", null]);
  assert.deepEqual(closed.tried, [wall]);
  const gone = resolver("naming", found([{ url: `${host.url}/gone`, version: null }]));
  const tried = recordOf(await rig.run([reading, gone]));
  assert.deepEqual([tried.reason, tried.tried.map(({ reason }) => reason)], ["http-4xx", [
    "bot-wall",
    "http-4xx",
  ]]);
});

Deno.test("processArtifact() decides by the best candidate, even if it was tried last", async () => {
  await using rig = await openRig();
  await using fast = startHost({ "/accepted": status(404) });
  await using slow = startHost({ "/published": page("<form><input type=password></form>") });
  const naming = resolver(
    "naming",
    found([
      { url: `${slow.url}/published` },
      { url: `${fast.url}/accepted`, version: "accepted" },
    ]),
  );
  rig.gates.close(slow.group, rig.clock.now() + 1_000);
  const held = await rig.run([naming]);
  rig.gates.closed.clear();
  const record = recordOf(await rig.run([naming], { cursor: cursorOf(held) }));
  assert.deepEqual(record.tried.map(({ reason }) => reason), ["http-4xx", "login-wall"]);
  assert.deepEqual([record.reason, record.url], ["login-wall", `${slow.url}/published`]);
});

Deno.test("processArtifact() finds a file whose acknowledgement was lost, and asks nobody", async () => {
  await using rig = await openRig();
  await using host = startHost({ "/good": pdf(), "/other": pdf(9_000) });
  const naming = resolver("naming", found([{ url: `${host.url}/good` }]));
  const stored = recordOf(await rig.run([naming]));
  const again = recordOf(await rig.run([naming]));
  assert.deepEqual(
    [again.outcome, again.reason, again.path, again.sha256, again.bytes, again.url],
    ["done", "already-have", stored.path, stored.sha256, stored.bytes, null],
  );
  assert.deepEqual([naming.asked.length, host.paths.length], [1, 1]);
  // What merely lies there under its name is no reason not to fetch it.
  await Deno.writeTextFile(`${rig.outDir}/doi/10.1234/abc.pdf`, "half of it");
  assert.equal(recordOf(await rig.run([naming])).reason, "ok");
  assert.equal(host.paths.length, 2);
});
