import assert from "node:assert/strict";
import fc from "fast-check";
import type { Candidate } from "../../src/model/artifact.ts";
import { byRank, withCandidates } from "../../src/pipeline/rank.ts";

const candidates = fc.record<Candidate>({
  url: fc.constantFrom(
    "https://a.example/",
    "https://b.example/",
    "https://c.example/",
    "https://d.example/",
  ),
  kind: fc.constantFrom("pdf", "landing"),
  resolver: fc.constantFrom("one", "two"),
  version: fc.constantFrom("published", "accepted", "submitted", null),
  license: fc.constant(null),
});

const of = (version: Candidate["version"], kind: Candidate["kind"]): Candidate => ({
  url: `https://a.example/${version}/${kind}`,
  kind,
  resolver: "one",
  version,
  license: null,
});

Deno.test("byRank() puts the version first, a stated one before none, and a PDF before a page", () => {
  const ranked = [
    of("published", "pdf"),
    of("published", "landing"),
    of("accepted", "pdf"),
    of("submitted", "pdf"),
    of("submitted", "landing"),
    of(null, "pdf"),
    of(null, "landing"),
  ];
  assert.deepEqual([...ranked].reverse().sort(byRank), ranked);
});

Deno.test("withCandidates() adds each URL once, none that was tried, in rank order, the earlier word standing", () => {
  fc.assert(fc.property(
    fc.uniqueArray(candidates, { selector: ({ url }) => url }),
    fc.array(candidates),
    fc.array(candidates),
    (known, added, tried) => {
      const seen = new Set(tried.map(({ url }) => url));
      const all = withCandidates(known, added, seen);
      const urls = all.map(({ url }) => url);
      assert.equal(new Set(urls).size, urls.length);
      assert.deepEqual(all, all.toSorted(byRank));
      const first = [...known, ...added.filter(({ url }) => !seen.has(url))];
      for (const one of all) assert.equal(first.find(({ url }) => url === one.url), one);
      for (const { url } of first) assert.ok(urls.includes(url));
    },
  ));
});
